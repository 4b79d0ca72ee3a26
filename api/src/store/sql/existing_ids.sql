SELECT named.{id} FROM {rows} JOIN {table} AS named ON named.{id} = item.id
