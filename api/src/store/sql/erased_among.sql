SELECT item.hash
FROM {rows}
WHERE EXISTS (SELECT 1 FROM erasures WHERE lifted_at IS NULL AND name_hash = item.hash)
   OR EXISTS (SELECT 1 FROM erasures WHERE lifted_at IS NULL AND id_hash = item.hash)
