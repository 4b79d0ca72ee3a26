INSERT INTO erasures (receipt_id, erased_at, name_hash, id_hash, row_hash, key_id, erased, applied)
VALUES ({receipt_id}, {erased_at}, {name_hash}, {id_hash}, {row_hash}, {key_id}, {erased}, true)
