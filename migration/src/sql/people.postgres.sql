-- People who sign in, beside the programs of `api_clients`. A name is of one of the two: whoever makes either looks at both.
CREATE TABLE users (
    name          text PRIMARY KEY,
    role          text NOT NULL CHECK (role IN ('educator', 'analyst', 'operator')),
    password_hash text NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);

-- Whose learners an educator sees.
CREATE TABLE user_classrooms (
    name      text NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    classroom text NOT NULL REFERENCES classrooms (classroom) ON DELETE CASCADE,
    PRIMARY KEY (name, classroom)
);
CREATE INDEX user_classrooms_classroom ON user_classrooms (classroom);

-- A session is a client's or a user's.
ALTER TABLE sessions
    ALTER COLUMN client_id DROP NOT NULL,
    ADD COLUMN user_name text REFERENCES users (name) ON DELETE CASCADE,
    ADD CONSTRAINT sessions_of_one CHECK ((client_id IS NULL) <> (user_name IS NULL));
