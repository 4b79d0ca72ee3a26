-- What a fresh installation starts with.
INSERT INTO classrooms (classroom, created_at) VALUES
    ('Data_2025', now()),
    ('IA_2025', now()),
    ('Web_2025', now()),
    ('Cloud_2025', now()),
    ('Cybersec_2025', now()),
    ('DevOps_2025', now()),
    ('Mobile_2025', now()),
    ('GameDev_2025', now());

INSERT INTO lessons (external_id, title, subject, created_at) VALUES
    ('introduction-a-docker', 'Introduction à Docker', 'DevOps', now()),
    ('maitriser-airflow', 'Maîtriser Airflow', 'Data Engineering', now());
