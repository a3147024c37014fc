#!/bin/sh
# SQL is SQL: in .sql files, with named parameters, and time and clinic come from the floor. What the
# embedder does not check (db/embed/query_check.c checks the rest).
set -eu
bad=$(mktemp)
trap 'rm -f "$bad"' EXIT

# forbid FILES PATTERN WHY: comments are left out.
forbid() {
    # shellcheck disable=SC2086
    for file in $1; do
        [ -e "$file" ] || continue
        sed 's/--.*$//' "$file" | grep -nEi "$2" | sed "s|^|$file: $3: |" >>"$bad" || true
    done
}

models='models/*/*.sql'
forbid "$models db/sql/*.sql" '\b(now|clock_timestamp|statement_timestamp|timeofday)[[:space:]]*\(' 'the time is $now'
forbid "$models" 'current_setting|set_config|\bset (local|session|role)\b' 'the context is the floor'"'"'s'
forbid "$models" '\$clinic_id\b' 'a clinic is never an argument; it is $clinic'
forbid "$models" '\$[0-9]' 'parameters have names'
forbid "$models" '\b(truncate|lock table|listen|notify|copy|create|alter|drop|grant|revoke)\b[[:space:]]+[a-z]' 'not for a model'
forbid "$models" '\bdelete[[:space:]]+from\b' 'records stay; hide them'
forbid "$models" '^[[:space:]]*select[[:space:]]+\*[[:space:]]+from[[:space:]]+(clinicd\.)?(clinic|patient|account|session|audit)\b' 'name the columns'

# No C line above the floor holds SQL; and nothing but the floor's fixed texts goes to PQexec.
grep -rnE '"[[:space:]]*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|DROP|GRANT|SET) [a-zA-Z$(*]' models api \
    --include='*.c' --include='*.h' | sed 's/$/ <- SQL in C/' >>"$bad" || true
grep -rnE '\bsnprintf\([^;]*"[^"]*(SELECT|INSERT|UPDATE|DELETE) ' db --include='*.c' |
    grep -v '^db/embed/' | sed 's/$/ <- SQL made at run time/' >>"$bad" || true
grep -rnE '\bPQ(exec|sendQuery)[[:space:]]*\(' db --include='*.c' |
    grep -vE '^db/(embedded|postmaster)\.c:' | sed 's/$/ <- statements take parameters/' >>"$bad" || true

cat "$bad"
[ ! -s "$bad" ]
