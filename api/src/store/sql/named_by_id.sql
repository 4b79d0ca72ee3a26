SELECT named.{id}, named.external_id
FROM {rows} JOIN {table} AS named ON named.{id} = item.id
