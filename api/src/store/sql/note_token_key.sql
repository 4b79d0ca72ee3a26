-- By the clock of the database, which all replicas share. Keys that nobody has had for a day are forgotten.
WITH forgotten AS (
    DELETE FROM token_keys WHERE seen_at < now() - interval '1 day' AND name <> {name}
)
INSERT INTO token_keys (name, seen_at) VALUES ({name}, now())
ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at
