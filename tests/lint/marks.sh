#!/bin/sh
# Nothing that is only meant for later, and nothing that is only true on one machine, is committed.
set -eu
bad=$(mktemp)
trap 'rm -f "$bad"' EXIT

files() {
    if [ -e .git ]; then
        git ls-files -z
    else
        find . -type f -not -path './build/*' -print0
    fi | grep -zvE '(^|/)(package-lock\.json|marks\.sh)$|\.(png|gz|woff2?|pdf)$'
}

files | xargs -0 grep -nIE '\b(TODO|FIXME|XXX|HACK)\b' >>"$bad" || true
files | xargs -0 grep -nIE '(^|[^a-z._/-])/(work|home|root|Users)/[a-z]' >>"$bad" || true
files | grep -zv '/fuzz/corpus/' | xargs -0 grep -lI "$(printf '\r')\$" | sed 's/$/: ends lines the DOS way/' >>"$bad" || true
files | xargs -0 grep -nIE '[[:blank:]]$' -- 2>/dev/null | grep -E '^[^:]+\.([ch]|sql|sh|cmake|yaml):' |
    sed 's/$/ <- blanks at the end/' >>"$bad" || true

cat "$bad"
[ ! -s "$bad" ]
