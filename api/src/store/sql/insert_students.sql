INSERT INTO students (external_id, name, classroom, created_at)
SELECT item.external_id, NULLIF(item.name, ''), item.classroom, item.created_at
FROM {rows}
-- SQLite's parser would take ON for a join's.
WHERE true
ON CONFLICT (external_id) DO NOTHING
RETURNING student_id, external_id, name, classroom, created_at
