INSERT INTO rejected_logs AS kept (client, payload_hash, code, reason, pointer, learner_ref, payload, truncated, times,
                                   first_seen, last_seen)
SELECT item.client, item.payload_hash, item.code, item.reason, NULLIF(item.pointer, ''), NULLIF(item.learner_ref, ''),
       item.payload, item.truncated = 1, item.times, item.last_seen, item.last_seen
FROM {rows}
WHERE true
ON CONFLICT (client, payload_hash) DO UPDATE
SET code      = excluded.code,
    reason    = excluded.reason,
    pointer   = excluded.pointer,
    times     = kept.times + excluded.times,
    last_seen = excluded.last_seen
