SELECT named.{id}, named.external_id, {classroom}
FROM {table} AS named
{which}
