# All rounds to one result: median, least and most of every number, and the ratios of the medians.
def spread: map(select(. != null)) | sort | if length == 0 then null else
    {median: (if length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end), min: .[0], max: .[-1]} end;

(group_by([.subject, .workload]) | map({
    subject: .[0].subject, workload: .[0].workload, rounds: length,
    rate: (map(.rate) | spread), p50_ms: (map(.p50_ms) | spread), p99_ms: (map(.p99_ms) | spread),
    mean_ms: (map(.mean_ms) | spread), server_us: (map(.server_us) | spread), database_us: (map(.database_us) | spread),
    rss_mb: (map(.rss_mb) | spread), failed: (map(.failed) | add)})) as $measured
| ($measured | map({key: "\(.subject) \(.workload)", value: .}) | from_entries) as $by
| def rate($name): $by[$name].rate.median;
  def cpu($name): $by[$name] | if . then (.server_us.median // 0) + .database_us.median else null end;
  def cpu_ratio($a; $b): if cpu($a) and cpu($b) then (cpu($b) / cpu($a) * 100 | round / 100) else null end;
  def ratio($a; $b): if rate($a) and rate($b) then (rate($a) / rate($b) * 100 | round / 100) else null end;
{
    machine: $machine, data: {clinics: $clinics, patients: $patients, many: $many},
    ratios: (["get", "list", "create"] | map({key: ., value: {
        pgbench: ratio("clinicd \(.)"; "pgbench \(.)"), go: ratio("clinicd \(.)"; "go \(.)")}}) | from_entries),
    cpu_ratios: (["get", "list", "create"] | map({key: ., value: {
        pgbench: cpu_ratio("clinicd \(.)"; "pgbench \(.)"), go: cpu_ratio("clinicd \(.)"; "go \(.)")}}) | from_entries),
    trips: $trips[0], idle_mb: $idle, measured: $measured
}
