INSERT INTO users (name, role, password_hash, created_at, updated_at)
VALUES ({name}, {role}, {password_hash}, {now}, {now})
