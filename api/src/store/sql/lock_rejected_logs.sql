SELECT kept.client, kept.payload_hash
FROM {rows}
JOIN rejected_logs AS kept ON kept.client = item.client AND kept.payload_hash = item.payload_hash
-- By bytes, as everything is written.
ORDER BY kept.client COLLATE "C", kept.payload_hash -- postgres
FOR UPDATE OF kept -- postgres
