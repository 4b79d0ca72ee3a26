DELETE FROM audit_log WHERE id IN (
    SELECT id FROM audit_log
    WHERE at < MIN({before}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days'))
    ORDER BY at, id
    LIMIT {limit}
)
