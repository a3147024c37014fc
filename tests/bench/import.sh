#!/usr/bin/env bash
# How fast a legacy database comes over, and what it costs in memory: import.sh BUILD_FOLDER [PATIENTS]
# Makes a server with durable settings (world.sh) and a synthetic file of its own, prints one row of a table, takes
# both away. On a terminal the import shows its bar.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "$1")
patients=${2:-100000}
here=$(mktemp -d)
. tests/bench/world.sh
trap world_end EXIT

"$build/tests/legacy" 10 "$patients" 1 "$here/db.sqlite3"
cluster_start
sql -U postgres -d postgres -f db/migrations/roles.sql
sql -U postgres -d postgres -c 'CREATE DATABASE clinicd' -c 'GRANT CREATE ON DATABASE clinicd TO clinicd_migrator'
export CLINICD_DATABASE_URL CLINICD_MIGRATE_URL CLINICD_SECRETS_FILE="$here/keys"
CLINICD_DATABASE_URL=$(url clinicd_app)
CLINICD_MIGRATE_URL=$(url clinicd_migrator)
"$build/clinicd" migrate up >"$here/migrate.log" 2>&1

began=$(date +%s%N)
"$build/clinicd" import "$here/db.sqlite3" --json >"$here/report.json" &
import=$!
peak=0
while kill -0 "$import" 2>/dev/null; do
    now=$(awk '/VmHWM/ {print $2}' "/proc/$import/status" 2>/dev/null || true)
    [ "${now:-0}" -le "$peak" ] || peak=$now
    sleep 0.2
done
wait "$import"
ended=$(date +%s%N)

rows=$(jq '[.result.steps[].source_rows] | add' "$here/report.json")
jq -e '[.result.steps[].is_whole] | all' "$here/report.json" >/dev/null
echo "| patients | rows | seconds | rows a second | peak memory of clinicd |"
echo "|---|---|---|---|---|"
awk -v p="$patients" -v r="$rows" -v ns="$((ended - began))" -v kb="$peak" \
    'BEGIN { s = ns / 1e9; printf "| %d | %d | %.1f | %d | %.1f MiB |\n", p, r, s, r / s, kb / 1024 }'
