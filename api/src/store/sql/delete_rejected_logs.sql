DELETE FROM rejected_logs
WHERE (client, payload_hash) IN (SELECT item.client, item.payload_hash FROM {rows})
