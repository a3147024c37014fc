# shellcheck shell=bash disable=SC2034,SC2154
# What script/bench measures: a private cluster with durable settings, its data, and the programs
# that answer. Sourced; `here` is a private folder that vanishes, `build` holds the release build.

bin=/usr/lib/postgresql/15/bin
as_owner=()
[ "$(id -u)" -ne 0 ] || as_owner=(setpriv --reuid=postgres --regid=postgres --clear-groups)

cluster_start() {
    [ "$(id -u)" -ne 0 ] || chown postgres:postgres "$here"
    (
        cd "$here"
        "${as_owner[@]}" "$bin/initdb" -D "$here/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >"$here/initdb.log"
        # As db/postmaster.c starts it, with room for the clients of pgbench.
        "${as_owner[@]}" tee -a "$here/data/postgresql.conf" >/dev/null <<-SETTINGS
		listen_addresses = ''
		unix_socket_directories = '$here'
		unix_socket_permissions = 0700
		max_connections = 150
		shared_buffers = 256MB
		effective_cache_size = 1GB
		random_page_cost = 1.1
		fsync = on
		synchronous_commit = on
		full_page_writes = on
		wal_compression = on
		max_wal_size = 2GB
		jit = off
		timezone = 'UTC'
		SETTINGS
        "${as_owner[@]}" "$bin/pg_ctl" -D "$here/data" -l "$here/postgres.log" -w -t 60 start >/dev/null
    )
    postmaster=$(head -n 1 "$here/data/postmaster.pid")
}

sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$here" "$@"; }

database_make() {
    sql -U postgres -d postgres -f db/migrations/roles.sql
    sql -U postgres -d postgres -c 'CREATE DATABASE clinicd' -c 'GRANT CREATE ON DATABASE clinicd TO clinicd_migrator'
    CLINICD_DATABASE_URL="$(url clinicd_app)" CLINICD_MIGRATE_URL="$(url clinicd_migrator)" \
        "$build/clinicd" migrate up 2>"$here/migrate.log" || {
        cat "$here/migrate.log" >&2
        return 1
    }
    sql -U postgres -d clinicd -o /dev/null -v clinics="$clinics" -v patients="$patients" -v many="$many" -v medicines="$medicines" -v visits="$visits" -f tests/bench/seed.sql
    sql -U postgres -d clinicd -c 'VACUUM ANALYZE' -c CHECKPOINT
    sql -U postgres -d clinicd -F ' ' -c "SELECT clinic_id, id FROM clinicd.patient WHERE clinic_id <= $clinics ORDER BY random() LIMIT 50000" >"$here/ids"
}

url() { echo "host=$here dbname=clinicd user=$1"; }

# clinicd itself, as it is shipped: its log goes to a file, its limits are counted but out of reach.
clinicd_start() {
    mkdir -p "$here/clinicd"
    : >"$here/clinicd.out"
    [ "$(id -u)" -ne 0 ] || chown postgres:postgres "$here/clinicd"
    env CLINICD_DATABASE_URL="$(url clinicd_app)" CLINICD_DATA_DIR="$here/clinicd" CLINICD_LISTEN=127.0.0.1:0 \
        CLINICD_OPERATOR_LISTEN=127.0.0.1:0 CLINICD_RATE_PER_ADDRESS=100000000 CLINICD_RATE_PER_CLINIC=1000000 \
        CLINICD_CONNECTIONS_PER_ADDRESS=1024 "${as_owner[@]}" "$build/clinicd" serve \
        >"$here/clinicd.out" 2>"$here/clinicd.log" &
    clinicd=$!
    clinicd_url=$(greeting API) && clinicd_metrics=$(greeting operators)
}

# The address that clinicd says it listens on, once it says so.
greeting() {
    local try
    for ((try = 0; try < 100; try++)); do
        sed -n "s|^ *$1 *\(http://[^ ]*\).*|\1|p" "$here/clinicd.out" | grep . && return
        sleep 0.1
    done
    tail -n 20 "$here/clinicd.log" >&2
    return 1
}

go_start() {
    go_pid=
    command -v go >/dev/null || return 1
    (cd tests/bench/peers/go && GOPATH=/usr/share/gocode GO111MODULE=off GOCACHE="$here/go" go build -o "$here/peer" .) \
        2>"$here/go.log" || return 1
    PEER_DATABASE_URL="$(url clinicd_app)" "${as_owner[@]}" "$here/peer" >"$here/peer.out" 2>"$here/peer.log" &
    go_pid=$!
    local try
    for ((try = 0; try < 100; try++)); do
        go_url=$(grep -s -m 1 ^http "$here/peer.out") && return
        sleep 0.1
    done
    return 1
}

world_end() {
    local pid
    for pid in ${clinicd:-} ${go_pid:-}; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true # their status is not ours
    done
    [ -z "${postmaster:-}" ] || "${as_owner[@]}" "$bin/pg_ctl" -D "$here/data" -m immediate -t 60 stop >/dev/null 2>&1
    rm -rf "$here"
}
