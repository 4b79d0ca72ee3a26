UPDATE rejected_logs
SET code = item.code, reason = item.reason, pointer = NULLIF(item.pointer, '')
FROM {rows}
WHERE rejected_logs.client = item.client AND rejected_logs.payload_hash = item.payload_hash
