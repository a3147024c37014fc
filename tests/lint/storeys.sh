#!/bin/sh
# Nothing looks up: api -> models -> db. Who includes what, and which symbols the objects really need.
# usage: storeys.sh BUILD_FOLDER, in the source folder
set -eu
build=$1
bad=$(mktemp)
trap 'rm -f "$bad"' EXIT

# forbid WHERE PATTERN WHY: no file of WHERE may have a line that matches.
forbid() {
    grep -rnE --include='*.c' --include='*.h' "$2" $1 2>/dev/null | sed "s|^|$3: |" >>"$bad" || true
}

forbid db '^#include "(models|api|openapi|tests)/' 'db/ looks up'
forbid models '^#include "(api|openapi|tests)/' 'models/ looks up'
forbid 'db models api openapi' '^#include "tests/' 'the product needs its tests'
forbid 'api/http' '^#include "api/(app|web|[a-z_]+\.h)' 'the machinery knows its handlers'
forbid 'models api openapi' '<libpq-fe\.h>' 'libpq outside of db/'
forbid 'db models api openapi' '^#include "\.' 'an include that is not from the root'
grep -rlE '<(ulfius|microhttpd)\.h>' db models api openapi --include='*.c' --include='*.h' |
    grep -vE '^api/http/server(_[a-z]+)?\.[ch]$' | sed 's/^/HTTP outside of the server: /' >>"$bad" || true

# A folder without objects would prove nothing.
# forbid_symbols OBJECTS_FOLDER PATTERN EXCEPT WHY
forbid_symbols() {
    objects=$(find "$build/CMakeFiles/$1.dir" -name '*.o' | grep -vE "$3" || true)
    [ -n "$objects" ] || { echo "no objects of $1 in $build" >>"$bad"; return; }
    # shellcheck disable=SC2086
    nm -A -u $objects | grep -E " U ($2)" | sed "s|^|$4: |" >>"$bad" || true
}
forbid_symbols models 'PQ[a-z]' '^$' 'models/ calls libpq'
forbid_symbols api 'PQ[a-z]' '^$' 'api/ calls libpq'
forbid_symbols models '(ulfius|MHD)_' '^$' 'models/ calls HTTP'
forbid_symbols db '(ulfius|MHD)_' '^$' 'db/ calls HTTP'
forbid_symbols api '(ulfius|MHD)_' '/http/server[a-z_]*\.c\.o$' 'api/ calls HTTP outside of the server'

cat "$bad"
[ ! -s "$bad" ]
