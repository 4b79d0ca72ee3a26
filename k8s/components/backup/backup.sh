#!/usr/bin/env bash
# backup.sh DIRECTORY KEEP: copies the database into a new file there, and keeps so many of them.
#
# A file that is there is whole: it gets its name once it has been written, read again and flushed to disk. PostgreSQL's client
# variables say which database.
set -euo pipefail

main() {
    local directory=$1 keep=$2
    local file=$directory/edtech-$(date --utc +%Y-%m-%dT%H%M%SZ).dump
    local unfinished=$directory/unfinished
    # Left over where a run was killed.
    rm --force "$unfinished"
    pg_dump --format=custom --file="$unfinished"
    pg_restore --file=/dev/null "$unfinished"
    sync "$unfinished"
    mv "$unfinished" "$file"
    sync "$directory"
    echo "$file: $(stat --format=%s "$file") bytes"
    remove_old "$directory" "$keep"
}

# Their names sort by age.
remove_old() {
    local files=("$1"/edtech-*.dump)
    local surplus=$((${#files[@]} - $2))
    for ((i = 0; i < surplus; i++)); do
        rm "${files[i]}"
        echo "${files[i]} is removed"
    done
}

main "$@"
