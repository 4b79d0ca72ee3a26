#!/usr/bin/env bash
# restore.sh DIRECTORY [FILE]: puts a copy in the place of the database, the newest one unless a file is named.
#
# In one transaction: where it fails, everything is as it was. PostgreSQL's client variables say which database.
set -euo pipefail

main() {
    local file
    file=$1/${2:-$(newest "$1")}
    refuse_beside_servers
    echo "restoring $file"
    pg_restore --clean --if-exists --no-owner --single-transaction --dbname="$PGDATABASE" "$file"
    echo "restored"
}

# Their names sort by age.
newest() {
    local files=("$1"/edtech-*.dump)
    [[ -e ${files[-1]} ]] || fail "there is no copy in $1"
    basename "${files[-1]}"
}

# What they count on would change under them.
refuse_beside_servers() {
    local connections
    connections=$(psql --no-align --tuples-only --command \
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'edtech-api'")
    ((connections == 0)) || fail "a server still runs: kubectl scale deployment/edtech-api --replicas=0"
}

fail() {
    echo "$1" >&2
    exit 1
}

main "$@"
