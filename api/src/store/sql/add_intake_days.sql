INSERT INTO intake_days AS counted (day, accepted, duplicate, rejected, late)
SELECT item.day, item.accepted, item.duplicate, item.rejected, item.late
FROM {rows}
WHERE true
ON CONFLICT (day) DO UPDATE
SET accepted  = counted.accepted + excluded.accepted,
    duplicate = counted.duplicate + excluded.duplicate,
    rejected  = counted.rejected + excluded.rejected,
    late      = counted.late + excluded.late
