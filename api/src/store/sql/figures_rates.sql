-- What arrived lately, whatever day it is from: a narrow range at the end of the index on arrival.
UNION ALL
SELECT 'rates', NULL, NULL, NULL, NULL, NULL, NULL,
       0,
       COUNT(DISTINCT log.student_id),
       COUNT(*),
       0, 0, 0, 0, 0
FROM streaming_logs AS log
WHERE log.received_at > {rates_since}
