#!/bin/sh
# How fast a legacy database comes over, and what it costs in memory: import.sh BUILD_FOLDER [PATIENTS]
# Makes a cluster and a synthetic file of its own, prints one row of a table, takes both away.
set -eu
build=$1
patients=${2:-100000}
folder=$(mktemp -d)
trap '"$build/tests/cluster" stop "$folder/cluster" || true; rm -rf "$folder"' EXIT

"$build/tests/legacy" 10 "$patients" 1 "$folder/db.sqlite3"
"$build/tests/cluster" start "$folder/cluster"
socket=$(cut -d' ' -f2 "$folder/cluster")
psql -q "host=$socket user=postgres dbname=postgres" -c 'CREATE DATABASE bench TEMPLATE clinicd_template'
export CLINICD_DATABASE_URL="host=$socket dbname=bench user=clinicd_app"
export CLINICD_MIGRATE_URL="host=$socket dbname=bench user=clinicd_migrator"
export CLINICD_SECRETS_FILE="$folder/keys"

began=$(date +%s%N)
"$build/clinicd" import "$folder/db.sqlite3" --json >"$folder/report.json" 2>/dev/null &
import=$!
peak=0
while kill -0 "$import" 2>/dev/null; do
    now=$(awk '/VmHWM/ {print $2}' "/proc/$import/status" 2>/dev/null || true)
    [ "${now:-0}" -gt "$peak" ] && peak=$now
    sleep 0.2
done
wait "$import"
ended=$(date +%s%N)

rows=$(jq '[.result.steps[].source_rows] | add' "$folder/report.json")
jq -e '[.result.steps[].is_whole] | all' "$folder/report.json" >/dev/null
echo "| patients | rows | seconds | rows a second | peak memory of clinicd |"
echo "|---|---|---|---|---|"
awk -v p="$patients" -v r="$rows" -v ns="$((ended - began))" -v kb="$peak" \
    'BEGIN { s = ns / 1e9; printf "| %d | %d | %.1f | %d | %.1f MiB |\n", p, r, s, r / s, kb / 1024 }'
