-- A tombstone that is here already was applied here; that it was lifted elsewhere counts here as well.
INSERT INTO erasures AS known (receipt_id, erased_at, name_hash, id_hash, row_hash, key_id, erased, lifted_at, applied)
VALUES ({receipt_id}, {erased_at}, {name_hash}, {id_hash}, {row_hash}, {key_id}, {erased},
        CASE WHEN {is_lifted} = 1 THEN {lifted_at} END, false)
ON CONFLICT (receipt_id) DO UPDATE SET lifted_at = COALESCE(known.lifted_at, excluded.lifted_at)
