SELECT kept.client, kept.payload_hash
FROM {rows}
JOIN rejected_logs AS kept ON kept.client = item.client AND kept.payload_hash = item.payload_hash
ORDER BY kept.client, kept.payload_hash
FOR UPDATE OF kept -- postgres
