#include "db/verify/rules.h"

#include "db/fixes.h"

#include <inttypes.h>
#include <string.h>

#define MIB 1048576.0
#define HOUR_S 3600.0

const struct rule doctor_rules[] = {
    {.id = "database.app",
     .kind = RULE_NONE,
     .level = LEVEL_RED,
     .wanted = "it answers",
     .fix = "start the server, or mend the connection string"},
    {.id = "database.migrator",
     .kind = RULE_NONE,
     .level = LEVEL_RED,
     .wanted = "it answers",
     .fix = "start the server, or mend the connection string"},
    {.id = "server.version",
     .kind = RULE_LEAST,
     .amber = SERVER_LEAST,
     .red = SERVER_LEAST,
     .wanted = "15 or newer",
     .fix = "move the database to PostgreSQL 15 or newer"},
    {.id = "server.fixes",
     .kind = RULE_LEAST,
     .amber = 0,
     .red = -1e9,
     .wanted = "the newest minor release",
     .fix = "upgrade to it: older ones lack fixes of row security (known on " FIXES_DATE ")"},
    {.id = "server.pooler",
     .kind = RULE_IS,
     .text = "no",
     .level = LEVEL_RED,
     .wanted = "none in between",
     .fix = "connect to the server itself: clinicd keeps its own pool, and its prepared "
            "statements belong to one backend"},
    {.id = "server.primary",
     .kind = RULE_IS,
     .text = "primary",
     .level = LEVEL_RED,
     .wanted = "primary",
     .fix = "name the primary"},
    {.id = "server.encoding",
     .kind = RULE_IS,
     .text = "UTF8",
     .level = LEVEL_RED,
     .wanted = "UTF8",
     .fix = "make the database with ENCODING 'UTF8'"},
    {.id = "server.collation",
     .kind = RULE_NONE,
     .level = LEVEL_RED,
     .wanted = "the version that the indexes were made with",
     .fix = "REINDEX DATABASE, then ALTER DATABASE … REFRESH COLLATION VERSION"},
    {.id = "server.timezone",
     .kind = RULE_NONE,
     .level = LEVEL_RED,
     .good = "zones are known",
     .wanted = "zones are known",
     .fix = "install tzdata on the server"},
    {.id = "server.clock",
     .kind = RULE_MOST,
     .amber = 1,
     .red = 30,
     .wanted = "within 1 s of ours",
     .fix = "let both machines follow NTP: tokens expire, and days begin, by the clock"},
    {.id = "server.checksums",
     .kind = RULE_IS,
     .text = "on",
     .level = LEVEL_AMBER,
     .wanted = "on",
     .fix = "pg_checksums --enable, with the server stopped"},
    {.id = "server.fsync",
     .kind = RULE_IS,
     .text = "on",
     .level = LEVEL_RED,
     .wanted = "on",
     .fix = "set fsync to on: a crash may lose the database"},
    {.id = "server.full_page_writes",
     .kind = RULE_IS,
     .text = "on",
     .level = LEVEL_RED,
     .wanted = "on",
     .fix = "set full_page_writes to on: a crash may lose the database"},
    {.id = "server.synchronous_commit",
     .kind = RULE_IS_NOT,
     .text = "off",
     .level = LEVEL_RED,
     .wanted = "not off",
     .fix = "set synchronous_commit to on: a crash may lose what was answered"},
    {.id = "server.wraparound",
     .kind = RULE_MOST,
     .amber = 500e6,
     .red = 1500e6,
     .wanted = "below 500000000",
     .fix = "VACUUM FREEZE"},
    {.id = "server.connections",
     .kind = RULE_LEAST,
     .amber = 5,
     .red = 0,
     .wanted = "the service's pools and 5 to spare",
     .fix = "raise max_connections"},
    {.id = "server.prepared",
     .kind = RULE_NONE,
     .level = LEVEL_AMBER,
     .wanted = "none",
     .fix = "commit or roll back what pg_prepared_xacts shows: it holds its locks"},
    {.id = "server.transactions",
     .kind = RULE_NONE,
     .level = LEVEL_AMBER,
     .red_for = FOR_MIGRATE,
     .wanted = "none over 60 s",
     .fix = "end it: migrations wait for it, and dead rows stay"},
    {.id = "server.statements",
     .kind = RULE_IS_NOT,
     .text = "on",
     .level = LEVEL_AMBER,
     .wanted = "not on",
     .fix = "set pg_stat_statements.track_utility to off: it keeps what SET and ALTER ROLE say"},
    {.id = "server.disk",
     .kind = RULE_LEAST,
     .amber = 20,
     .red = 10,
     .wanted = "20 % free",
     .fix = "make room where the server keeps its data: full, it stops"},
    {.id = "wal.archive",
     .kind = RULE_IS_NOT,
     .text = "off",
     .level = LEVEL_AMBER,
     .wanted = "on",
     .fix = "set archive_mode and archive_command: without them a lost disk costs everything "
            "since the last backup"},
    {.id = "wal.archiver",
     .kind = RULE_NONE,
     .level = LEVEL_RED,
     .wanted = "the last attempt succeeded",
     .fix = "mend archive_command: WAL piles up until the disk is full, and cannot be restored"},
    {.id = "wal.replicas",
     .kind = RULE_MOST,
     .amber = 64 * MIB,
     .red = 1024 * MIB,
     .wanted = "64 MiB behind at most",
     .fix = "look at the standby and its network: it would not have the newest records"},
    {.id = "wal.slots",
     .kind = RULE_MOST,
     .amber = 256 * MIB,
     .red = 4096 * MIB,
     .wanted = "256 MiB kept at most",
     .fix = "bring its reader back, or pg_drop_replication_slot(): it keeps WAL until the disk "
            "is full"},
    {.id = "role.clinicd_app",
     .kind = RULE_NONE,
     .level = LEVEL_RED,
     .wanted = "behind the walls",
     .fix = "run what `clinicd migrate roles` prints",
     .next = "migrate roles"},
    {.id = "role.clinicd_migrator",
     .kind = RULE_NONE,
     .level = LEVEL_RED,
     .wanted = "passes walls",
     .fix = "run what `clinicd migrate roles` prints",
     .next = "migrate roles"},
    {.id = "role.clinicd_backup",
     .kind = RULE_NONE,
     .level = LEVEL_RED,
     .wanted = "passes walls",
     .fix = "run what `clinicd migrate roles` prints",
     .next = "migrate roles"},
    {.id = "role.public",
     .kind = RULE_NONE,
     .level = LEVEL_RED,
     .good = "may make nothing",
     .wanted = "may make nothing",
     .fix = "REVOKE CREATE ON SCHEMA … FROM PUBLIC: a function put in the way runs as its caller"},
    {.id = "schema.migrations",
     .kind = RULE_NONE,
     .level = LEVEL_AMBER,
     .red_for = FOR_SERVE | FOR_IMPORT,
     .green_for = FOR_MIGRATE,
     .wanted = "none pending",
     .fix = "`clinicd migrate up`",
     .next = "migrate up"},
    {.id = "schema.history",
     .kind = RULE_NONE,
     .level = LEVEL_RED,
     .wanted = "every file as it was applied",
     .fix = "`clinicd migrate status` tells which",
     .next = "migrate status"},
    {.id = "schema.drift",
     .kind = RULE_NONE,
     .level = LEVEL_RED,
     .wanted = "none",
     .fix = "`clinicd migrate status --drift`",
     .next = "migrate status --drift"},
    {.id = "schema.walls",
     .kind = RULE_NONE,
     .level = LEVEL_RED,
     .wanted = "no defect",
     .fix = "`clinicd verify isolation` names them all",
     .next = "verify isolation"},
    {.id = "schema.indexes",
     .kind = RULE_NONE,
     .level = LEVEL_RED,
     .good = "all valid",
     .wanted = "all valid",
     .fix = "`clinicd migrate repair`",
     .next = "migrate repair"},
    {.id = "schema.constraints",
     .kind = RULE_NONE,
     .level = LEVEL_AMBER,
     .good = "all validated",
     .wanted = "all validated",
     .fix = "ALTER TABLE … VALIDATE CONSTRAINT"},
    {.id = "schema.partitions",
     .kind = RULE_NONE,
     .level = LEVEL_AMBER,
     .good = "all there",
     .wanted = "this month's and the next",
     .fix = "SELECT clinicd.audit_partitions_ensure(current_date): the service does it daily"},
    {.id = "backup.verified",
     .kind = RULE_MOST,
     .amber = 26 * HOUR_S,
     .red = 8 * 24 * HOUR_S,
     .amber_for = FOR_MIGRATE, /* which makes one of its own, or wants to be told not to */
     .wanted = "one of the last day that was proven to come back",
     .fix = "`clinicd backup`, then `clinicd restore FOLDER --verify`",
     .next = "backup"},
    {.id = "files.store",
     .kind = RULE_NONE,
     .level = LEVEL_RED,
     .amber_for = FOR_MIGRATE,
     .wanted = "it keeps, gives back and removes",
     .fix = "mend CLINICD_FILES_DIR or the bucket's settings, or who may write there"},
    {.id = "key.file",
     .kind = RULE_NONE,
     .level = LEVEL_RED,
     .amber_for = FOR_MIGRATE,
     .wanted = "a file of the service's user, mode 0600",
     .fix = "bring it back from where keys are kept: without it what is sealed stays closed"},
    {.id = "disk.data",
     .kind = RULE_LEAST,
     .amber = 0,
     .red = 0,
     .amber_for = FOR_SERVE,
     .wanted = "room for a backup and the largest table, twice",
     .fix = "make room in the data directory"},
    {.id = "program.libpq",
     .kind = RULE_LEAST,
     .amber = SERVER_LEAST,
     .red = SERVER_LEAST,
     .wanted = "15 or newer",
     .fix = "install libpq5 of PostgreSQL 15 or newer"},
    {.id = "program.pg_dump",
     .kind = RULE_NONE,
     .level = LEVEL_RED,
     .amber_for = FOR_SERVE,
     .wanted = "not older than the server",
     .fix = "install postgresql-client of the server's version"},
    {.id = "program.pg_restore",
     .kind = RULE_NONE,
     .level = LEVEL_RED,
     .amber_for = FOR_SERVE,
     .wanted = "not older than the server",
     .fix = "install postgresql-client of the server's version"},
    {.id = "program.document",
     .kind = RULE_NONE,
     .level = LEVEL_RED,
     .wanted = "every operation has its route",
     .fix = "this build is broken: `clinicd openapi --check`",
     .next = "openapi --check"},
    {.id = "scale.rung",
     .kind = RULE_MOST,
     .amber = 0.8,
     .red = 1,
     .wanted = "below four fifths of what it holds",
     .fix = "begin with the next rung: docs/migration-guide.md, section 7"},
    {.id = "scale.standby",
     .kind = RULE_MOST,
     .amber = 0,
     .red = 0,
     .wanted = "a standby and an archive of the WAL, from rung 1 on",
     .fix = "add a standby: one machine is no longer enough for so many"},
};

const size_t doctor_rules_n = sizeof doctor_rules / sizeof doctor_rules[0];

static enum level number_judge(const struct rule *rule, double value)
{
    double sign = rule->kind == RULE_MOST ? 1 : -1;
    return value * sign > rule->red * sign     ? LEVEL_RED
           : value * sign > rule->amber * sign ? LEVEL_AMBER
                                               : LEVEL_GREEN;
}

static enum level fact_judge(const struct rule *rule, const json_t *fact)
{
    const char *text = json_string_value(fact);
    bool is_wrong = true;
    switch (rule->kind) {
    case RULE_MOST:
    case RULE_LEAST:
        return number_judge(rule, json_number_value(fact));
    case RULE_IS:
        is_wrong = !text || strcmp(text, rule->text) != 0;
        break;
    case RULE_IS_NOT:
        is_wrong = !text || strcmp(text, rule->text) == 0;
        break;
    case RULE_NONE:
        is_wrong = !text || text[0] != '\0';
        break;
    }
    return is_wrong ? rule->level : LEVEL_GREEN;
}

/* What stops one thing may be in no way of another. */
static enum level purpose_judge(const struct rule *rule, enum purpose purpose, enum level level)
{
    if (level == LEVEL_GREEN || purpose == FOR_ANYTHING)
        return level;
    return rule->red_for & purpose     ? LEVEL_RED
           : rule->amber_for & purpose ? LEVEL_AMBER
           : rule->green_for & purpose ? LEVEL_GREEN
                                       : level;
}

static const json_t *beside(const json_t *facts, const char *id, const char *what,
                            struct arena *arena)
{
    return json_object_get(facts, arena_format(arena, "%s.%s", id, what));
}

static const char *shown(const json_t *facts, const struct rule *rule, const json_t *fact,
                         struct arena *arena)
{
    const char *text = json_string_value(beside(facts, rule->id, "shown", arena));
    if (!text && json_is_number(fact))
        text = arena_format(arena, "%.15g", json_number_value(fact));
    if (!text)
        text = json_string_value(fact);
    return text && text[0] ? text : rule->good ? rule->good : "none";
}

static void rule_judge(const struct rule *rule, const json_t *facts, enum purpose purpose,
                       struct arena *arena, struct checkup *out)
{
    const json_t *fact = json_object_get(facts, rule->id);
    const char *wanted = json_string_value(beside(facts, rule->id, "wanted", arena));
    if (!fact)
        return;
    struct check check = {.id = rule->id,
                          .level = LEVEL_AMBER,
                          .measured = "not visible to this role",
                          .wanted = wanted ? wanted : rule->wanted,
                          .fix = rule->fix,
                          .next = rule->next};
    if (json_is_null(fact)) {
        check.fix = "run what `clinicd migrate roles` prints, and set CLINICD_MIGRATE_URL";
        check.next = NULL;
    } else {
        check.level = purpose_judge(rule, purpose, fact_judge(rule, fact));
        check.measured = shown(facts, rule, fact, arena);
    }
    checkup_add(out, arena, &check);
}

void doctor_judge(const json_t *facts, enum purpose purpose, struct arena *arena,
                  struct checkup *out)
{
    for (size_t i = 0; i < doctor_rules_n; i++)
        rule_judge(&doctor_rules[i], facts, purpose, arena, out);
}
