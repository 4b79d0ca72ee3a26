-- Tokens that were taken back since the backup was made stay taken back.
INSERT INTO main.token_revocations AS known (subject, before)
SELECT subject, before FROM replaced.token_revocations
WHERE true
ON CONFLICT (subject) DO UPDATE SET before = max(known.before, excluded.before);
