SELECT named.{id}, named.external_id, {classroom}
FROM {rows} JOIN {table} AS named ON named.{id} = item.id
