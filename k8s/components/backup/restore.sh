#!/usr/bin/env bash
# restore.sh DIRECTORY [FILE]: puts a copy in the place of the database, the newest one unless a file is named.
#
# In one transaction: where it fails, everything is as it was. PostgreSQL's client variables say which database.
#
# Four things do not go back in time. The audit log stays, with what the copy has beside it. The tombstones of learners who were
# erased since go over into the restored database, and the next server that starts erases them again. And learners' numbers, by
# which the audit log names them, are not given a second time. And tokens that were taken back since stay taken back.
set -euo pipefail

main() {
    local file
    file=$1/${2:-$(newest "$1")}
    refuse_beside_servers
    echo "restoring $file"
    # What is not committed at the end is undone, also where the copy could not be read.
    if has_records "$file"; then
        { begin && keep && forget audit_log && all_but audit_log "$file" && entries "$file" && bring && commit; } | run
    else
        { begin && forget '' && all_but '' "$file" && hand_over && commit; } | run
    fi
    echo "restored"
}

run() {
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --output=/dev/null
}

begin() {
    echo 'BEGIN;'
}

commit() {
    echo 'COMMIT;'
}

# Whether the database that is replaced knows of erasures, and the copy does.
has_records() {
    [[ $(ask "SELECT to_regclass('public.erasures') IS NOT NULL AND to_regclass('public.audit_log') IS NOT NULL") == t ]] &&
        pg_restore --list "$1" | grep 'TABLE DATA public erasures ' >/dev/null
}

keep() {
    cat <<'SQL'
CREATE TEMP TABLE tombstones ON COMMIT DROP AS SELECT * FROM public.erasures;
CREATE TEMP TABLE learner_numbers ON COMMIT DROP AS SELECT last_value, is_called FROM public.students_student_id_seq;
CREATE TEMP TABLE revocations (subject text, before timestamptz) ON COMMIT DROP;
SELECT to_regclass('public.token_revocations') IS NOT NULL AS has_revocations \gset
\if :has_revocations
    INSERT INTO pg_temp.revocations SELECT subject, before FROM public.token_revocations;
\endif
SQL
}

bring() {
    cat <<'SQL'
INSERT INTO public.erasures AS known (receipt_id, erased_at, name_hash, id_hash, row_hash, key_id, erased, lifted_at, applied)
SELECT receipt_id, erased_at, name_hash, id_hash, row_hash, key_id, erased, lifted_at, false FROM pg_temp.tombstones
ON CONFLICT (receipt_id) DO UPDATE SET lifted_at = COALESCE(known.lifted_at, excluded.lifted_at);
SELECT setval('public.students_student_id_seq', MAX(last_value + is_called::int), false)
FROM (
    SELECT last_value, is_called FROM pg_temp.learner_numbers
    UNION ALL
    SELECT last_value, is_called FROM public.students_student_id_seq
) AS numbers;
SELECT to_regclass('public.token_revocations') IS NOT NULL AS has_revocations \gset
\if :has_revocations
    INSERT INTO public.token_revocations AS known (subject, before) SELECT subject, before FROM pg_temp.revocations
    ON CONFLICT (subject) DO UPDATE SET before = GREATEST(known.before, excluded.before);
\endif
SQL
}

# forget NAME: drops all of the servers' own but what has this in its name. What the copy knows nothing of would stay otherwise,
# where the copy is from before an upgrade: the upgrade after it would find its tables there already.
forget() {
    local kept="(hand_over_audit_log${1:+|$1})"
    cat <<SQL
SET LOCAL client_min_messages = warning;
DO \$\$
DECLARE
    dropping text;
BEGIN
    WITH mine (rank, kind, name) AS (
        SELECT 1, CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END,
            format('%I.%I', nspname, relname)
        FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname IN ('public', 'analytics') AND relowner = CAST(current_user AS regrole) AND relname !~ '$kept'
            AND relkind IN ('r', 'p', 'v', 'm')
        UNION ALL
        SELECT 2, 'ROUTINE', format('%I.%I(%s)', nspname, proname, pg_get_function_identity_arguments(pg_proc.oid))
        FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
        WHERE nspname IN ('public', 'analytics') AND proowner = CAST(current_user AS regrole) AND proname !~ '$kept'
        UNION ALL
        SELECT 3, 'TYPE', format('%I.%I', nspname, typname)
        FROM pg_type JOIN pg_namespace ON pg_namespace.oid = typnamespace
        WHERE nspname IN ('public', 'analytics') AND typowner = CAST(current_user AS regrole) AND typtype IN ('d', 'e')
    )
    SELECT string_agg(format('DROP %s IF EXISTS %s CASCADE', kind, name), '; ' ORDER BY rank) INTO dropping FROM mine;
    IF dropping IS NOT NULL THEN
        EXECUTE dropping;
    END IF;
END
\$\$;
SQL
}

# all_but NAME FILE: without what has this in its name. The audit log is not the servers' to replace: they may add to it. Nor is
# what roles.sql has made: the schema `public`, and the function that hands the log over.
all_but() {
    local listed kept
    listed=$(pg_restore --list "$2") &&
        kept=$(grep --invert-match --extended-regexp " SCHEMA (- )?public |hand_over_audit_log${1:+|$1}" <<<"$listed") &&
        pg_restore --clean --if-exists --no-owner --use-list=<(echo "$kept") --file=- "$2"
}

# A log that has come with the copy is the servers' own until then.
hand_over() {
    cat <<'SQL'
SELECT to_regprocedure('public.hand_over_audit_log()') IS NOT NULL AS has_roles \gset
\if :has_roles
    SELECT public.hand_over_audit_log();
\endif
SQL
}

# Of two databases that were one, each has the entries that were made before.
entries() {
    local columns='at, actor, actor_kind, action, target, outcome, times, address, request_id, detail'
    echo 'CREATE TEMP TABLE entries (LIKE public.audit_log) ON COMMIT DROP;'
    pg_restore --data-only --table=audit_log --file=- "$1" |
        sed 's/^COPY public\.audit_log /COPY pg_temp.entries /' || return
    cat <<SQL
INSERT INTO public.audit_log ($columns)
SELECT $columns FROM pg_temp.entries EXCEPT SELECT $columns FROM public.audit_log ORDER BY at;
INSERT INTO public.audit_log (at, actor, actor_kind, action, outcome, times)
VALUES (date_trunc('microseconds', now()), 'cli', 'cli', 'restore', 'done', 1);
SQL
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
    connections=$(ask \
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'edtech-api'")
    ((connections == 0)) || fail "a server still runs: kubectl scale deployment/edtech-api --replicas=0"
}

ask() {
    psql --no-psqlrc --no-align --tuples-only --command "$1"
}

fail() {
    echo "$1" >&2
    exit 1
}

main "$@"
