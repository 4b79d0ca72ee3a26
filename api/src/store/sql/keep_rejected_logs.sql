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
    last_seen = excluded.last_seen,
    -- A learner who got another name is named by id since, and the name that the log tells may be somebody else's by now. Too
    -- many lines are none: then the payload is searched.
    learner_ref = CASE
        WHEN kept.learner_ref IS NULL OR excluded.learner_ref IS NULL THEN kept.learner_ref
        WHEN position(chr(10) || excluded.learner_ref || chr(10) IN chr(10) || kept.learner_ref || chr(10)) > 0 -- postgres
        WHEN instr(char(10) || kept.learner_ref || char(10), char(10) || excluded.learner_ref || char(10)) > 0 -- sqlite
            THEN kept.learner_ref
        WHEN octet_length(kept.learner_ref) + octet_length(excluded.learner_ref) < {longest}
            THEN kept.learner_ref || chr(10) || excluded.learner_ref -- postgres
            THEN kept.learner_ref || char(10) || excluded.learner_ref -- sqlite
    END
