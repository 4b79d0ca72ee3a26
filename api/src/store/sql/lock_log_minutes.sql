-- An UPDATE alone would lock in no order of its own.
SELECT counted.minute
FROM {rows} JOIN log_minutes AS counted ON counted.minute = item.minute
ORDER BY counted.minute
FOR UPDATE OF counted -- postgres
