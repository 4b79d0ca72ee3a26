#!/bin/sh
# Makes the Secrets that are not there yet, of random values that nobody sees. Run again, it changes nothing.
#
# It may create Secrets and do nothing else: it cannot read one, nor add a key to one. A later key wants a Secret of its own.
set -eu

account=/var/run/secrets/kubernetes.io/serviceaccount

main() {
    make db-credentials \
        postgres-password "$(hex)" \
        edtech-password "$(hex)" \
        grafana-password "$(hex)"
    make api-credentials \
        signing-key "$(hex)" \
        bootstrap-client-secret "$(hex)" \
        simulator-client-secret "$(hex)" \
        airflow-client-secret "$(hex)"
    make erasure-credentials \
        erasure-key "$(hex)"
    make grafana-credentials \
        admin-password "$(hex)" \
        secret-key "$(hex)"
    make airflow-credentials \
        database-password "$(hex)" \
        fernet-key "$(fernet_key)" \
        jwt-secret "$(hex)" \
        api-secret-key "$(hex)" \
        admin-password "$(hex)"
}

# 32 bytes in letters that neither JSON nor a URL has to escape.
hex() {
    od -v -A n -t x1 -N 32 /dev/urandom | tr -d ' \n'
}

# What Airflow encrypts with: 32 bytes in the alphabet of URLs.
fernet_key() {
    head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n'
}

# make NAME KEY VALUE [KEY VALUE ...]
make() {
    name=$1
    shift
    values=
    while [ $# -gt 0 ]; do
        # An empty value would lock nobody out.
        [ -n "$2" ] || fail "no random bytes for $name"
        values="$values${values:+, }\"$1\": \"$2\""
        shift 2
    done
    # The body goes in by a pipe: command lines can be read. The answer ends with its status.
    answer=$(
        printf '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "%s", "labels": {%s}}, "stringData": {%s}}' \
            "$name" '"app.kubernetes.io/part-of": "edtech-stream"' "$values" | post
    )
    case ${answer##*[!0-9]} in
    201) echo "$name is made" ;;
    409) echo "$name is there already" ;;
    *) fail "$name could not be made: $answer" ;;
    esac
}

# The network of a pod may be there a moment after the pod.
post() {
    curl --silent --show-error --write-out '\n%{http_code}' \
        --retry 12 --retry-delay 5 --retry-all-errors --max-time 30 \
        --cacert "$account/ca.crt" --header "Authorization: Bearer $(cat "$account/token")" \
        --header 'Content-Type: application/json' --data-binary @- \
        "https://kubernetes.default.svc/api/v1/namespaces/$(cat "$account/namespace")/secrets"
}

fail() {
    echo "$1" >&2
    exit 1
}

main
