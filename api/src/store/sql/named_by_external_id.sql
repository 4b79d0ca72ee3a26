SELECT named.{id}, named.external_id, {classroom}
FROM {rows} JOIN {table} AS named ON named.external_id = item.external_id
