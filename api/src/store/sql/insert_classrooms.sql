INSERT INTO classrooms (classroom, created_at)
SELECT item.classroom, item.created_at
FROM {rows}
-- SQLite's parser would take ON for a join's.
WHERE true
ON CONFLICT (classroom) DO NOTHING
RETURNING classroom, created_at
