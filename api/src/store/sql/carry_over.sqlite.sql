BEGIN IMMEDIATE;
-- Who was erased since the backup was made may be in it again.
INSERT INTO main.erasures AS known (receipt_id, erased_at, name_hash, id_hash, row_hash, key_id, erased, lifted_at, applied)
SELECT receipt_id, erased_at, name_hash, id_hash, row_hash, key_id, erased, lifted_at, false
FROM replaced.erasures
WHERE true
ON CONFLICT (receipt_id) DO UPDATE SET lifted_at = COALESCE(known.lifted_at, excluded.lifted_at);

-- Of two databases that were one, each has the entries that were made before.
INSERT INTO main.audit_log (at, actor, actor_kind, action, target, outcome, times, address, request_id, detail)
SELECT at, actor, actor_kind, action, target, outcome, times, address, request_id, detail FROM replaced.audit_log
EXCEPT
SELECT at, actor, actor_kind, action, target, outcome, times, address, request_id, detail FROM main.audit_log
ORDER BY at;

-- The audit log names learners by our id: nobody new gets one that was given before.
INSERT INTO main.sqlite_sequence (name, seq)
SELECT 'students', 0 WHERE NOT EXISTS (SELECT 1 FROM main.sqlite_sequence WHERE name = 'students');
UPDATE main.sqlite_sequence
SET seq = MAX(seq, COALESCE((SELECT MAX(seq) FROM replaced.sqlite_sequence WHERE name = 'students'), 0))
WHERE name = 'students';
COMMIT;
