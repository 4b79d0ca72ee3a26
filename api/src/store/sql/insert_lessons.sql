INSERT INTO lessons (external_id, title, subject, duration_seconds, created_at)
SELECT item.external_id, item.title, NULLIF(item.subject, ''), NULLIF(item.duration_seconds, -1), item.created_at
FROM {rows}
-- SQLite's parser would take ON for a join's.
WHERE true
ON CONFLICT (external_id) DO NOTHING
RETURNING lesson_id, external_id, title, subject, duration_seconds, created_at
