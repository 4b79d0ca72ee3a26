SELECT named.*
FROM {rows} JOIN {table} AS named ON named.{by} = item.wanted
ORDER BY named.{order}
FOR {strength} OF named -- postgres
