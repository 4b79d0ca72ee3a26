DELETE FROM rejected_logs WHERE (client, payload_hash) IN (
    SELECT client, payload_hash FROM rejected_logs WHERE last_seen < {before}
    ORDER BY client, payload_hash
    LIMIT {limit}
    FOR UPDATE SKIP LOCKED -- postgres
)
