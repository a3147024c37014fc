#!/bin/sh
# No key, no database and no export of one lies in the tree.
set -eu
bad=$(mktemp)
trap 'rm -f "$bad"' EXIT
files() {
    if [ -e .git ]; then
        git ls-files -z
    else
        find . -type f -not -path './build/*' -print0
    fi
}

files | grep -zE '\.(sqlite3?|db|dump|bak|pem|key|p12|pfx|jks|env)$|(^|/)(\.env|id_rsa|\.pgpass)$' | tr '\0' '\n' >>"$bad" || true
files | xargs -0 grep -lIE -e '-----BEGIN [A-Z ]*PRIVATE KEY-----' | grep -v '^tests/lint/secrets.sh$' >>"$bad" || true
files | xargs -0 grep -nIE 'postgres(ql)?://[^:/@ ]+:[^@ ]+@' | grep -v ':canary@' >>"$bad" || true

cat "$bad"
[ ! -s "$bad" ]
