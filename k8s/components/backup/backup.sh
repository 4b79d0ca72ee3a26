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
    make_room "$directory"
    pg_dump --format=custom --file="$unfinished"
    pg_restore --file=/dev/null "$unfinished"
    sync "$unfinished"
    mv "$unfinished" "$file"
    sync "$directory"
    echo "$file: $(stat --format=%s "$file") bytes"
    remove_old "$directory" "$keep"
}

# A volume that is too small for so many copies holds fewer, and never none: the newest one stays.
make_room() {
    local files=("$1"/edtech-*.dump) free needed
    [[ -e ${files[0]} ]] || return 0
    # As large as the last one, and a tenth that the database may have grown by.
    needed=$(($(stat --format=%s "${files[-1]}") * 11 / 10))
    for ((i = 0; i < ${#files[@]} - 1; i++)); do
        free=$(df --output=avail --block-size=1 "$1" | tail -n 1)
        ((free < needed)) || return 0
        rm "${files[i]}"
        echo "${files[i]} is removed before its time: the volume is too small for so many copies" >&2
    done
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
