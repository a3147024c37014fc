# shellcheck shell=bash disable=SC2154,SC2086
# One measurement is one line of JSON in $lines. Sourced by script/bench.

# CPU that the processes have used, in microseconds: each with the children whose end it has seen.
cpu_us() {
    local files=("${@/%//stat}")
    { cat "${files[@]/#//proc/}" 2>/dev/null || true; } | awk -v tick="$(getconf CLK_TCK)" \
        '{ sub(/^.*\) /, ""); ticks += $12 + $13 + $14 + $15 } END { printf "%.0f\n", ticks * 1000000 / tick }'
}

children() { cat "/proc/$1/task/"*/children 2>/dev/null || true; }

# A backend that ends while we add up would be counted twice or not at all.
database_cpu_us() {
    local before after sum try
    for ((try = 0; try < 20; try++)); do
        before=$(children "$postmaster")
        sum=$(cpu_us "$postmaster" $before)
        after=$(children "$postmaster")
        [ "$before" != "$after" ] || break
        sleep 0.1
    done
    echo "$sum"
}

rss_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }

# measure SUBJECT WORKLOAD ROUND PID COMMAND…: the command prints {"rate":…,"requests":…}.
measure() {
    local subject=$1 workload=$2 round=$3 pid=$4 said server database
    shift 4
    database=$(database_cpu_us)
    server=$([ -z "$pid" ] || cpu_us "$pid")
    said=$("$@")
    database=$(($(database_cpu_us) - database))
    [ -z "$pid" ] || server=$(($(cpu_us "$pid") - server))
    [ "$round" != warm ] || return 0
    jq -c --arg subject "$subject" --arg workload "$workload" --arg round "$round" \
        --argjson server "${server:-null}" --argjson database "$database" --argjson rss "$([ -z "$pid" ] && echo null || rss_kb "$pid")" \
        '{subject: $subject, workload: $workload, round: $round} + . + {
            server_us: (if $server then $server / .requests else null end), database_us: ($database / .requests),
            rss_mb: (if $rss then $rss / 1024 else null end)}' <<<"$said" | tee -a "$lines" |
        jq -r '"\(.subject) \(.workload) round \(.round): \(.rate) a second, p50 \(.p50_ms) p99 \(.p99_ms) ms, failed \(.failed)"' >&2
}

# with_wrk URL WORKLOAD FILE
with_wrk() {
    timeout $((seconds + 30)) wrk -t "${threads:-2}" -c "${connections:-32}" -d "${seconds}s" --timeout 10s \
        -s tests/bench/requests.lua "$1" -- "$2" "$clinics" "$3" "$(date +%s%N)" | tail -n 1
}

# with_pgbench WORKLOAD: the same values as clinicd binds; what is not named here is NULL.
with_pgbench() {
    local body='{"name":"Meera Kulkarni","gender":"female","date_of_birth":"1992-04-17","phone_number":"+91 9123456789","address":"14 Temple Road","city":"Bengaluru"}'
    local durable=off status=200 operation=patients_$1 log="$here/pgbench.out"
    [ "$1" != create ] || durable=on status=201
    PGOPTIONS='-c search_path=clinicd -c TimeZone=UTC -c DateStyle=ISO -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_sort=off -c jit=off' \
        timeout $((seconds + 30)) pgbench -n -M prepared -c "${connections:-32}" -j 2 -T "$seconds" -h "$here" -U clinicd_app -f "$here/$1.pgbench" \
        -D clinics="$clinics" -D patients="$patients" -D now=now -D timezone=Asia/Kolkata -D durable=$durable \
        -D actor_kind=account -D actor_id=019345f2-7c1a-7d30-8a5e-2f6b1c9d0e48 -D actor_name=reception -D actor_role=receptionist \
        -D operation="$operation" -D request_id=019345f2-7c1a-7d30-8a5e-2f6b1c9d0e47 -D client_address=127.0.0.1 \
        -D audit_status=$status -D limit=51 -D kind=patient -D body="$body" clinicd >"$log" 2>&1 || {
        grep -m 3 -i error "$log" >&2
        return 1
    }
    awk '/^tps/ { rate = $3 } /^number of transactions actually/ { n = $6 } /^number of failed/ { failed = $5 } /^latency average/ { mean = $4 }
        END { printf "{\"rate\":%.1f,\"p50_ms\":null,\"p99_ms\":null,\"mean_ms\":%.3f,\"requests\":%d,\"failed\":%d}\n", rate, mean, n, failed }' "$log"
}

# What people type, taken from the big clinic's own patients: the beginning of the name, the
# beginning of its last word, three letters inside that word, six digits of the phone, and a last
# word with one letter left out.
search_kinds='prefix last inside digits typo'
search_terms() {
    local kind
    for kind in $search_kinds; do
        sql -U postgres -d clinicd -v clinic=$((clinics + 1)) -v kind=$kind >"$1/$kind.terms" <<-'SQL'
			SELECT CASE :'kind'
			    WHEN 'prefix' THEN left(word[1], 4)
			    WHEN 'last' THEN left(word[cardinality(word)], 4)
			    WHEN 'inside' THEN substr(word[cardinality(word)], 2, 3)
			    WHEN 'digits' THEN substr(phone_key, 6, 6)
			    ELSE overlay(word[cardinality(word)] PLACING '' FROM 3 FOR 1) END
			FROM (SELECT phone_key, string_to_array(name_key, ' ') AS word FROM clinicd.patient WHERE clinic_id = :clinic ORDER BY id LIMIT 20000) p
			WHERE length(word[1]) >= 4 AND length(word[cardinality(word)]) >= 5
			LIMIT 5000
		SQL
    done
}

# What a doctor types into the catalogue's box: the first letters of a name, one more each time; the beginning of a
# word inside; words that most names have; the beginning of a name of one type; what nothing is called.
catalog_terms() {
    local kind
    for kind in typing inside common typed nothing; do
        sql -U postgres -d clinicd -v clinic=$((clinics + 1)) -v kind=$kind >"$1/catalog-$kind.terms" <<-'SQL'
			SELECT replace(CASE :'kind'
			    WHEN 'typing' THEN left(name_key, 1 + (n % 10)::int)
			    WHEN 'inside' THEN left(split_part(name_key, ' ', 2), 4)
			    WHEN 'common' THEN (ARRAY['mg', 'm', '500', '5', 'forte', 'plus', '500 mg', 'mg forte'])[1 + n % 8]
			    WHEN 'typed' THEN left(name_key, 2) || '&medicine_type=' || medicine_type
			    ELSE 'zzq ' || n END, ' ', '%20')
			FROM (SELECT m.*, row_number() OVER (ORDER BY id) AS n FROM clinicd.catalog_medicine m WHERE clinic_id = :clinic) m
			WHERE n <= 5000
		SQL
    done
}

catalog_rounds() {
    local round kind
    catalog_terms "$here"
    for round in warm $(seq "$rounds_alone"); do
        for kind in typing inside common typed nothing; do
            connections=1 threads=1 measure clinicd "catalog-$kind" "$round" "$clinicd" with_wrk "$clinicd_url" catalog "$here/catalog-$kind.terms"
        done
    done
}

# A line is who asks, and for which page of the big clinic.
day_rounds() {
    local round page often
    often=$(sql -U postgres -d clinicd -c "SELECT overlay(md5('$((clinics + 1)) 1') PLACING '7' FROM 13 FOR 1)::uuid")
    echo 'admin /dashboards/admin' >"$here/day-admin"
    echo '- /dashboards/reception' >"$here/day-reception"
    echo 'doctor /dashboards/doctor' >"$here/day-doctor"
    echo 'patient /dashboards/patient' >"$here/day-patient"
    echo 'patient /me' >"$here/day-me"
    echo 'doctor /dashboards/admissions' >"$here/day-wards"
    echo 'doctor /admissions?active=true&limit=50' >"$here/day-beds"
    echo "doctor /patients/$often/history?limit=50" >"$here/day-history"
    for round in warm $(seq "$rounds_alone"); do
        for page in admin reception doctor patient me history wards beds; do
            connections=1 threads=1 measure clinicd "day-$page" "$round" "$clinicd" with_wrk "$clinicd_url" pages "$here/day-$page"
        done
    done
}

# How long one prescription's PDF takes, how many a second eight clients get, and what eight others who open patients
# feel of it. The seed is made without triggers: what is printed is kept first.
papers_rounds() {
    local round beside
    sql -U postgres -d clinicd >"$here/papers" <<-SQL
		INSERT INTO clinicd.prescription_paper (clinic_id, prescription_id, patient_id, facts, created_at)
		SELECT p.clinic_id, p.id, p.patient_id, clinicd.prescription_facts(p.clinic_id, p.id), p.updated_at
		FROM clinicd.prescription p WHERE p.clinic_id = $((clinics + 1)) AND p.status = 'completed'
		ON CONFLICT DO NOTHING;
		SELECT 'admin /prescriptions/' || k.prescription_id || '/document' FROM clinicd.prescription_paper k
		WHERE k.clinic_id = $((clinics + 1));
	SQL
    for round in warm $(seq "$rounds_alone"); do
        connections=1 threads=1 measure clinicd paper-alone "$round" "$clinicd" with_wrk "$clinicd_url" pages "$here/papers"
        connections=8 threads=1 measure clinicd papers "$round" "$clinicd" with_wrk "$clinicd_url" pages "$here/papers"
        connections=8 threads=1 measure clinicd get-without-papers "$round" "$clinicd" with_wrk "$clinicd_url" get "$here/ids"
        connections=8 threads=1 with_wrk "$clinicd_url" pages "$here/papers" >"$here/beside" &
        beside=$!
        connections=8 threads=1 measure clinicd get-with-papers "$round" "$clinicd" with_wrk "$clinicd_url" get "$here/ids"
        wait "$beside"
        jq -r '"beside that: \(.rate) papers a second, p50 \(.p50_ms) p99 \(.p99_ms) ms, failed \(.failed)"' "$here/beside" >&2
    done
}

machine() {
    printf '%s, %s cores, %s MB, %s, PostgreSQL %s' "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
        "$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)" "$(. /etc/os-release && echo "$PRETTY_NAME")" \
        "$("$bin/postgres" --version | sed 's/^[^0-9]*\([0-9.]*\).*/\1/')"
}

# How many requests of each operation took how many round trips, from clinicd's own log.
trips_by_operation() {
    sed -n 's/.*"operation":"\([a-z_]*\)",.*"trips":\([0-9]*\),.*/\1 \2/p' "$here/clinicd.log" | sort | uniq -c |
        jq -R -s '[split("\n")[] | select(. != "") | [splits(" +")] | map(select(. != "")) | {operation: .[1], trips: (.[2] | tonumber), requests: (.[0] | tonumber)}]'
}
