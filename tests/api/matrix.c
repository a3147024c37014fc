#include "tests/api/matrix.h"

#include "tests/harness/answer.h"
#include "tests/harness/parts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct matrix_who everybody[] = {
    {"nobody", WHO_NOBODY, NULL, NULL, NULL, false},
    {"garbage", WHO_GARBAGE, NULL, NULL, NULL, false},
    {"forged A", WHO_GARBAGE, &seed_a, "forger", NULL, false},
    {"forged platform", WHO_GARBAGE, NULL, "forger", NULL, false},
    {"A late", WHO_OVER, &seed_a, "late", NULL, false},
    {"platform late", WHO_OVER, NULL, "lateboss", NULL, false},
    {"A admin", WHO_MEMBER, &seed_a, "admin", "admin", false},
    {"A doctor", WHO_MEMBER, &seed_a, "doctor", "doctor", false},
    {"A receptionist", WHO_MEMBER, &seed_a, "receptionist", "receptionist", false},
    {"A lab_tech", WHO_MEMBER, &seed_a, "lab_tech", "lab_tech", false},
    {"A patient", WHO_MEMBER, &seed_a, "patient", "patient", false},
    {"A newcomer", WHO_MEMBER, &seed_a, "newcomer", "admin", true},
    {"B admin", WHO_MEMBER, &seed_b, "admin", "admin", false},
    {"B doctor", WHO_MEMBER, &seed_b, "doctor", "doctor", false},
    {"B receptionist", WHO_MEMBER, &seed_b, "receptionist", "receptionist", false},
    {"B lab_tech", WHO_MEMBER, &seed_b, "lab_tech", "lab_tech", false},
    {"B patient", WHO_MEMBER, &seed_b, "patient", "patient", false},
    {"B newcomer", WHO_MEMBER, &seed_b, "newcomer", "admin", true},
    {"suspended admin", WHO_MEMBER, &seed_suspended, "admin", "admin", false},
    {"inactive admin", WHO_MEMBER, &seed_inactive, "admin", "admin", false},
    {"importing admin", WHO_MEMBER, &seed_importing, "admin", "admin", false},
    {"expired admin", WHO_MEMBER, &seed_expired, "admin", "admin", false},
    {"expired patient", WHO_MEMBER, &seed_expired, "patient", "patient", false},
    {"boss", WHO_PLATFORM, NULL, "boss", "super_admin", false},
    {"new boss", WHO_PLATFORM, NULL, "newboss", "super_admin", true},
};

static const struct matrix_where everywhere[] = {
    {"clinic-a", &seed_a},        {"clinic-b", &seed_b},
    {"no-such-clinic", NULL},     {"clinic-s", &seed_suspended},
    {"clinic-e", &seed_expired},  {"clinic-i", NULL}, /* importing: for nobody */
    {"clinic-n", &seed_inactive},
};

static const struct seed *const all_seeds[] = {&seed_a,       &seed_b,         &seed_suspended,
                                               &seed_expired, &seed_importing, &seed_inactive};

struct run {
    struct world *world;
    const struct matrix_options *options;
    struct matrix_report *report;
    struct arena arena; /* of the whole run */
    const json_t *records;
    char **not_found;       /* [operation * 2 + is HEAD]: its 404, masked */
    const char *checksum_b; /* while somebody of A acts */
    bool is_dirty;          /* something was written: put back before the next check */
};

/* ---- telling ---- */

static void tell(struct run *run, const struct matrix_check *check, bool is_leak,
                 const struct answer *answer, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

static void tell(struct run *run, const struct matrix_check *check, bool is_leak,
                 const struct answer *answer, const char *format, ...)
{
    unsigned *count = is_leak ? &run->report->leaks : &run->report->failures;
    va_list args;
    if (++*count > 20 || run->options->is_quiet)
        return;
    char text[600];
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    print_error("%s: %s%s as %s at %s%s: %s\n", is_leak ? "LEAK" : "failure", check->operation->id,
                check->is_head ? " (HEAD)" : "", check->who->name,
                check->where.slug ? check->where.slug : "-",
                !check->what.owner             ? ""
                : check->what.owner == &seed_a ? " on A's record"
                                               : " on another record",
                text);
    if (answer)
        print_error("  %.700s\n", answer->body);
}

/* ---- what must never be ---- */

/* Whose words an answer may hold: one's own clinic's; for the platform those of the clinic that it
 * asked about, or of all where it lists them. */
static bool may_see(const struct matrix_check *check, const struct seed *seed)
{
    const struct matrix_who *who = check->who;
    if (strcmp(check->operation->id, "auth_login") == 0)
        return check->where.seed == &seed_a && seed == &seed_a; /* A's doctor signs in */
    if (strcmp(check->operation->id, "shared_get") == 0)
        return seed == &seed_a; /* whoever it is has a link of A's */
    if (who->kind == WHO_MEMBER)
        return seed == who->home;
    if (who->kind == WHO_PLATFORM)
        return !check->where.slug || seed == check->where.seed;
    return false;
}

static void check_marks(struct run *run, const struct matrix_check *check,
                        const struct answer *answer)
{
    for (size_t i = 0; i < sizeof all_seeds / sizeof *all_seeds; i++) {
        const struct seed *seed = all_seeds[i];
        if (may_see(check, seed))
            continue;
        if (strstr(answer->body, seed->mark) || strstr(answer->head, seed->mark) ||
            strstr(answer->body, seed->digits) || strstr(answer->head, seed->digits))
            tell(run, check, true, answer, "words of %s", seed->slug);
    }
}

/* Replaces what names the request itself, so that two refusals can be compared byte for byte. */
static char *mask(struct arena *arena, const char *text, const char *path, const char *request_id)
{
    struct buf out;
    buf_begin(&out, arena, 1024);
    for (const char *at = text; *at;) {
        if (request_id && strncasecmp(at, request_id, strlen(request_id)) == 0) {
            buf_text(&out, "ID");
            at += strlen(request_id);
        } else if (strncmp(at, path, strlen(path)) == 0) {
            buf_text(&out, "PATH");
            at += strlen(path);
        } else if (strncasecmp(at, "Date:", 5) == 0 ||
                   strncasecmp(at, "Content-Length:", 15) == 0) {
            at += strcspn(at, "\r");
        } else {
            buf_char(&out, *at++);
        }
    }
    return out.text;
}

/* A file that is refused before it comes takes the connection with it: the clinic is not theirs, or
 * there is none. What lies in it is looked for behind the file, theirs or not. */
static void drop_connection(char *masked)
{
    static const char line[] = "Connection: close\r\n";
    char *at = strstr(masked, line);
    if (at)
        memmove(at, at + sizeof line - 1, strlen(at + sizeof line - 1) + 1);
}

static void check_not_found(struct run *run, const struct matrix_check *check,
                            const struct call *call, const struct answer *answer)
{
    size_t index =
        (size_t)(check->operation - run->world->document->operations) * 2 + check->is_head;
    const char *id = answer_header(&run->arena, answer, "X-Request-Id", NULL);
    const char *whole = arena_format(&run->arena, "%s%s", answer->head, answer->body);
    char *masked = mask(&run->arena, whole, call->path, id);
    if (check->operation->file)
        drop_connection(masked);
    if (!run->not_found[index])
        run->not_found[index] = masked;
    else if (strcmp(run->not_found[index], masked) != 0)
        tell(run, check, true, answer, "a 404 unlike the others:\n%s\nthe others:\n%s", masked,
             run->not_found[index]);
}

static bool is_expected(const struct matrix_expected *expected, int status)
{
    for (int i = 0; i < EXPECTED_MAX && expected->status[i]; i++)
        if (expected->status[i] == status)
            return true;
    return false;
}

static void check_status(struct run *run, const struct matrix_check *check,
                         const struct answer *answer)
{
    struct matrix_expected expected = matrix_expect(run->world->document, run->records, check);
    if (is_expected(&expected, answer->status))
        return;
    bool is_leak = answer->status < 400 && expected.status[0] >= 400;
    tell(run, check, is_leak, answer, "%d, expected %d (%s)", answer->status, expected.status[0],
         expected.why);
}

/* ---- one check ---- */

static const char *token_of(struct arena *arena, const struct matrix_who *who)
{
    char token[TOKEN_TEXT];
    if (who->kind == WHO_NOBODY)
        return NULL;
    if (!who->account)
        return "nonsense";
    return arena_copy(arena, seed_token(who->home, who->account, token));
}

static bool is_dirtying(const struct operation *operation, int status)
{
    return operation->method != METHOD_GET && (status < 400 || strstr(operation->path, "/auth/"));
}

/* Whoever tries to sign in at B is counted there, whatever token came along. */
static bool is_sign_in_at_b(const struct matrix_check *check)
{
    return check->operation->is_public && check->where.seed == &seed_b;
}

static bool check_once(struct run *run, const struct matrix_check *check)
{
    static const char *const methods[METHOD_COUNT] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    struct arena arena CLEANUP(arena_end) = {0};
    const struct operation *operation = check->operation;
    struct answer answer;
    if (run->is_dirty)
        world_restore(run->world);
    run->is_dirty = false;
    const struct seed *here = check->where.seed ? check->where.seed : &seed_a;
    const struct seed *elsewhere = here == &seed_b ? &seed_a : &seed_b;
    bool refers;
    struct call call = {
        .method = check->is_head ? "HEAD" : methods[operation->method],
        .path = records_path(&arena, run->records, operation->path, check->where.slug,
                             check->what.owner ? check->what.owner : here, check->what.index,
                             check->what.index),
        .token = token_of(&arena, check->who),
        .body =
            matrix_body(&arena, run->world->document, run->records, operation, run->report->checks,
                        check->refers_elsewhere ? elsewhere : here, &refers),
        .if_match = operation->needs_if_match ? "\"1\"" : NULL,
    };
    parts_of(&arena, operation, &call);
    http_ask(run->world->client, &arena, &call, &answer);
    run->report->checks++;
    check_status(run, check, &answer);
    check_marks(run, check, &answer);
    if (answer.flaw)
        tell(run, check, false, &answer, "%s", answer.flaw);
    if (answer.status == 404)
        check_not_found(run, check, &call, &answer);
    run->is_dirty = is_dirtying(operation, answer.status);
    if (run->is_dirty && run->checksum_b && !is_sign_in_at_b(check)) {
        run->report->fingerprints++;
        if (strcmp(run->checksum_b, world_checksum(run->world, &arena, seed_b.clinic_id)) != 0)
            tell(run, check, true, &answer, "rows of clinic-b were changed");
    }
    return refers;
}

/* A body that refers to records is sent once more, with another clinic's. */
static void check_run(struct run *run, struct matrix_check *check)
{
    check->refers_elsewhere = false;
    if (!check_once(run, check))
        return;
    check->refers_elsewhere = true;
    check_once(run, check);
    check->refers_elsewhere = false;
}

/* ---- all of them ---- */

/* Ids of the kind, of another kind, of nothing; the first two are tried with the other clinic's ids
 * too. */
static void records_each(struct run *run, struct matrix_check *check, const json_t *ids)
{
    const struct seed *here = check->where.seed ? check->where.seed : &seed_a;
    const struct seed *elsewhere = here == &seed_b ? &seed_a : &seed_b;
    size_t i;
    json_t *id;
    json_array_foreach(ids, i, id)
    {
        check->what = (struct matrix_what){(int)json_integer_value(id), i, here};
        check_run(run, check);
        if (i < 2) {
            check->what.owner = elsewhere;
            check_run(run, check);
        }
    }
}

static void places_each(struct run *run, struct matrix_check *check)
{
    const json_t *ids = records_of(run->records, check->operation->path);
    if (!strstr(check->operation->path, "{slug}")) {
        check->where = (struct matrix_where){0};
        check->what = (struct matrix_what){0};
        check_run(run, check);
        return;
    }
    for (size_t i = 0; i < sizeof everywhere / sizeof *everywhere; i++) {
        check->where = everywhere[i];
        check->what = (struct matrix_what){0};
        if (ids)
            records_each(run, check, ids);
        else
            check_run(run, check);
    }
}

static void operations_each(struct run *run, const struct matrix_who *who)
{
    const struct document *document = run->world->document;
    for (size_t i = 0; i < document->operations_n; i++) {
        const struct operation *operation = &document->operations[i];
        if (run->options->only && !strstr(operation->id, run->options->only))
            continue;
        struct matrix_check check = {.operation = operation, .who = who};
        places_each(run, &check);
        if (operation->method == METHOD_GET) {
            check.is_head = true;
            places_each(run, &check);
        }
    }
}

/* One person's run over everything; of somebody of A nothing of B may be left changed. */
static void person_run(struct run *run, const struct matrix_who *who)
{
    struct arena arena CLEANUP(arena_end) = {0};
    bool is_of_a = who->home == &seed_a;
    if (run->is_dirty)
        world_restore(run->world);
    run->is_dirty = false;
    run->checksum_b = is_of_a ? world_checksum(run->world, &arena, seed_b.clinic_id) : NULL;
    operations_each(run, who);
    if (!is_of_a)
        return;
    run->report->fingerprints++;
    if (strcmp(run->checksum_b, world_checksum(run->world, &arena, seed_b.clinic_id)) != 0)
        tell(run, &(struct matrix_check){.operation = run->world->document->operations, .who = who},
             true, NULL, "rows of clinic-b are not what they were before this person's run");
    run->checksum_b = NULL;
}

void matrix_run(struct world *world, const struct matrix_options *options,
                struct matrix_report *report)
{
    struct run run = {.world = world, .options = options, .report = report};
    *report = (struct matrix_report){0};
    run.records = records_read(&run.arena);
    run.not_found = arena_array(&run.arena, char *, world->document->operations_n * 2);
    for (size_t i = 0; i < sizeof everybody / sizeof *everybody; i++)
        if (!options->as || strstr(everybody[i].name, options->as))
            person_run(&run, &everybody[i]);
    if (run.is_dirty)
        world_restore(world);
    if (!options->is_quiet)
        printf("matrix: %u checks, %u leaks, %u failures (%u fingerprints of clinic B)\n",
               report->checks, report->leaks, report->failures, report->fingerprints);
    arena_end(&run.arena);
}
