# The result as the tables of docs/performance.md.
def n($digits): if . == null then "–" else (. * pow(10; $digits) | round / pow(10; $digits) | tostring) end;
def spread($digits): if . == null then "–" else "\(.median | n($digits)) (\(.min | n($digits))–\(.max | n($digits)))" end;
def median($digits): if . == null then "–" else .median | n($digits) end;
def row: "| \(.subject) | \(.rate | spread(0)) | \(.p50_ms | median(2)) | \(.p99_ms | median(2)) | \(.server_us | median(0)) | \(.database_us | median(0)) | \(.failed) |";
def table($workload; $title): [.measured[] | select(.workload == $workload)] | if length == 0 then empty else
    "", "**\($title)**", "", "| | requests a second: median (least–most) | p50 ms | p99 ms | server µs | database µs | failed |",
    "|---|---|---|---|---|---|---|", (.[] | row) end;

"Machine: \(.machine). Data: \(.data.clinics) clinics of \(.data.patients) patients, one of \(.data.many).", "",
"| clinicd against | W1 get | W2 page of 50 | W3 create |", "|---|---|---|---|",
(("pgbench", "go") as $peer | select($peer == "pgbench" or .ratios.get.go)
    | "| \($peer): requests a second | \(.ratios.get[$peer] | n(2)) | \(.ratios.list[$peer] | n(2)) | \(.ratios.create[$peer] | n(2)) |",
      "| \($peer): requests for the same CPU | \(.cpu_ratios.get[$peer] | n(2)) | \(.cpu_ratios.list[$peer] | n(2)) | \(.cpu_ratios.create[$peer] | n(2)) |"),
table("get"; "W1: one patient, 32 connections"),
table("list"; "W2: a page of 50, 32 connections"),
table("create"; "W3: a create, durable, 32 connections"),
table("create-keyed"; "W3 with an Idempotency-Key, 32 connections"),
table("get-alone"; "W1, one connection"),
table("list-alone"; "W2, one connection"),
table("create-alone"; "W3, one connection"),
table("create-keyed-alone"; "W3 with an Idempotency-Key, one connection"),
table("search-prefix"; "Search: beginning of the name, one connection"),
table("search-last"; "Search: beginning of the last word of the name"),
table("search-inside"; "Search: three letters inside the last word"),
table("search-digits"; "Search: six digits of the phone"),
table("search-typo"; "Search: a word with one letter left out"),
table("catalog-typing"; "Catalogue, 100,000 medicines: first letters of the name, one connection"),
table("catalog-inside"; "Catalogue: beginning of a word inside"),
table("catalog-common"; "Catalogue: words that most names have"),
table("catalog-typed"; "Catalogue: two letters and a type"),
table("catalog-nothing"; "Catalogue: what nothing is called"),
table("day-admin"; "Dashboards of 200,000 visits, one connection: the administrator's"),
table("day-reception"; "Dashboards: the front desk's"),
table("day-doctor"; "Dashboards: a doctor's"),
table("day-patient"; "Dashboards: a patient's"),
table("day-me"; "One's own record"),
table("day-wards"; "The wards, forty beds taken, four thousand stays"),
table("day-beds"; "Who lies in a bed"),
table("day-history"; "History, a page of 50 of a patient with 285 visits"),
table("get-256"; "W1, 256 connections"),
"",
"| operation | requests by round trips |", "|---|---|",
(.trips | group_by(.operation)[] | "| \(.[0].operation) | \(map("\(.trips): \(.requests)") | join(" · ")) |"),
"",
"Memory: \(.idle_mb) MB idle, \([.measured[] | select(.workload == "get-256" and .subject == "clinicd") | .rss_mb.max] | first | n(0)) MB after 256 connections."
