#!/usr/bin/env bash
# Runs the session in README.md against a service of its own and compares every line of output. What
# differs from run to run (ids, times, one-time passwords, the year) is masked on both sides.
#   readme.sh CLINICD README.md
set -euo pipefail
program=$(realpath "$1")
readme=$(realpath "$2")
work=$(mktemp -d /tmp/clinicd-readme.XXXXXX)
chmod 755 "$work"
server=
cleanup() {
    if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then
        kill "$server"
        for _ in $(seq 100); do kill -0 "$server" 2>/dev/null || break; sleep 0.2; done
    fi
    rm -rf "$work"
}
trap cleanup EXIT

export CLINICD_DATA_DIR=$work/var CLINICD_LISTEN=127.0.0.1:0 CLINICD_OPERATOR_LISTEN=127.0.0.1:0
# Nobody is told to come again because the machine is busy.
export CLINICD_REQUEST_DEADLINE_MS=60000 CLINICD_ACQUIRE_TIMEOUT_MS=60000 CLINICD_STATEMENT_TIMEOUT_MS=60000 \
    CLINICD_LOCK_TIMEOUT_MS=60000
"$program" serve >"$work/log" 2>&1 &
server=$!
for _ in $(seq 600); do
    address=$(sed -n 's|^ *API  *http://\([0-9.:]*\)$|\1|p' "$work/log")
    [ -n "$address" ] && break
    kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
    sleep 0.2
done
[ -n "$address" ] || { echo "the service did not start in two minutes" >&2; cat "$work/log" >&2; exit 1; }

# Commands into a script that prints a mark before each, expected output into a file with the same marks.
awk -v program="$program" -v address="$address" -v script="$work/script" -v expected="$work/expected" '
    /^```console/ { inside = 1; next }
    /^```/        { inside = 0 }
    !inside       { next }
    /^\$ /        { n++; text = substr($0, 3); gsub("build/release/clinicd", program, text)
                    gsub("127.0.0.1:8080", address, text)
                    print "echo \"== " n "\"" > script; print text > script; print "== " n > expected; next }
    /^> /         { print substr($0, 3) > script; next }
                  { print > expected }
' "$readme"
timeout 300 bash "$work/script" >"$work/actual" 2>&1 || { cat "$work/actual" >&2; exit 1; }

mask() {
    sed -E -e 's/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/ID/g' \
        -e 's/"[a-z0-9]{4}(-[a-z0-9]{4}){4}"/"ONE-TIME"/g' -e 's/PT-[0-9]{4}-/PT-YEAR-/g' "$1"
}
diff <(mask "$work/expected") <(mask "$work/actual") || { echo "README.md says something else than happens" >&2; exit 1; }

# The three answers to what is not mine are alike to the byte once ids are masked.
alike=$(mask "$work/actual" | grep -c '"code":"not-found"')
kinds=$(mask "$work/actual" | grep '"code":"not-found"' | sort -u | wc -l)
[ "$alike" -eq 3 ] && [ "$kinds" -eq 1 ] || { echo "$alike answers of $kinds kinds" >&2; exit 1; }
echo "README: $(grep -c '^== ' "$work/expected") commands did what it says"
