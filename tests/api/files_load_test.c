/* Many large files at once, one very large, and a service that is killed in their midst: memory
 * stays where it is, what is fetched is what was sent, and no row is without its bytes.
 * CLINICD_TEST_SEED chooses other moments to kill at. */
#include "tests/harness/answer.h"
#include "tests/harness/die.h"
#include "tests/harness/form.h"
#include "tests/harness/objects.h"
#include "tests/harness/raw.h"
#include "tests/harness/s3_server.h"
#include "tests/harness/specimen.h"
#include "tests/harness/town.h"

#include "api/http/service.h"
#include "db/clock.h"
#include "models/file/custody.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    MIB = 1024 * 1024,
    AT_ONCE = 20,
    EACH = 20 * MIB - 4096,
    GROWTH_KIB_MAX = 48 * 1024, /* security.md, F1 */
    HUGE_SIZE = 200 * MIB,
    RANGE = 8 * MIB,
    WAIT_MS = 120000,
    KILLS = 30,
    WRITERS = 4,
    PIECES = 6, /* sizes of what is sent while the service dies */
};

struct state {
    struct town town;
    struct document *document;
    struct arena arena;
    char token[TOKEN_TEXT];
    struct store_options files;
    PGconn *boss;
    struct s3_server bucket; /* with CLINICD_TEST_STORE=bucket */
};

/* The rows of clinic.sql have no bytes here. */
static void forget_seeded_files(PGconn *boss)
{
    sql_run(boss, "BEGIN; SET LOCAL session_replication_role = replica;"
                  "UPDATE clinicd.lab_order SET report_file_id = NULL;"
                  "UPDATE clinicd.logo SET file_id = NULL; DELETE FROM clinicd.report;"
                  "DELETE FROM clinicd.file; UPDATE clinicd.file_quota SET files = 0, bytes = 0;"
                  "COMMIT");
}

/* Its process is not killed with the service: what it has said to be kept, it has. */
static void use_bucket(struct state *it)
{
    const char *wanted = getenv("CLINICD_TEST_STORE");
    const char **settings = it->town.settings;
    if (!wanted || strcmp(wanted, "bucket") != 0)
        return;
    s3_server_start(&it->bucket);
    s3_server_options(&it->bucket, &it->files);
    it->files.timeout_s = WAIT_MS / 1000;
    settings[1] = arena_format(&it->arena, "CLINICD_BUCKET_URL=%s", it->files.bucket_url);
    settings[2] = arena_format(&it->arena, "CLINICD_BUCKET_REGION=%s", it->files.region);
    settings[3] = arena_format(&it->arena, "CLINICD_BUCKET_ACCESS_KEY=%s", it->files.access_key);
    settings[4] = arena_format(&it->arena, "CLINICD_BUCKET_SECRET_KEY=%s", it->files.secret_key);
    settings[5] = arena_format(&it->arena, "CLINICD_BUCKET_TIMEOUT_S=%d", it->files.timeout_s);
}

static int begin(void **state)
{
    struct state *it = calloc(1, sizeof *it);
    struct fault fault = {0};
    if (!it)
        return -1;
    fault.arena = &it->arena;
    if (document_load(&it->arena, document_bytes, document_bytes_n, &fault, &it->document))
        return -1;
    seed_token(&seed_a, "doctor", it->token);
    town_begin(&it->town);
    it->town.settings[0] = "CLINICD_UPLOAD_MAX=268435456";
    it->files.folder = town_files(&it->town, &it->arena);
    use_bucket(it);
    it->boss = sql_connect(it->town.database.superuser_url);
    forget_seeded_files(it->boss);
    *state = it;
    return 0;
}

static int end(void **state)
{
    struct state *it = *state;
    PQfinish(it->boss);
    town_end(&it->town);
    if (it->bucket.pid > 0)
        s3_server_stop(&it->bucket);
    arena_end(&it->arena);
    free(it);
    return 0;
}

/* --- what is sent --------------------------------------------------------------------------- */

/* A PDF of exactly so many bytes, most of them a string of hexadecimal digits. */
static struct buf pdf_of(struct arena *arena, size_t bytes, unsigned seed)
{
    struct buf bare = specimen_pdf(arena, "<>", NULL);
    size_t n = bytes - bare.length;
    char *digits = malloc(n + 3);
    if (!digits)
        abort();
    for (size_t i = 0; i < n; i++)
        digits[i + 1] = "0123456789abcdef"[(unsigned)rand_r(&seed) >> 11 & 15];
    digits[0] = '<';
    memcpy(digits + n + 1, ">", 2);
    struct buf out = specimen_pdf(arena, digits, NULL);
    free(digits);
    return out;
}

struct piece {
    struct buf file;
    struct buf body; /* of the request */
};

static struct piece piece_make(struct arena *arena, size_t bytes, unsigned seed)
{
    struct piece piece = {.file = pdf_of(arena, bytes, seed)};
    struct form form;
    form_begin(&form, arena);
    form_file(&form, "big.pdf", "application/pdf", piece.file.text, piece.file.length);
    form_end(&form);
    piece.body = form.body;
    return piece;
}

static const char *reports_path(struct arena *arena, int patient)
{
    char id[UUID_TEXT];
    return arena_format(arena, "/clinics/clinic-a/patients/%s/reports",
                        seed_id(&seed_a, patient, id));
}

/* One request of its own connection. */
static enum raw_end send_piece(struct state *it, struct arena *arena, const struct piece *piece,
                               int patient, const char *key, struct answer *answer)
{
    const struct call call = {.method = "POST",
                              .path = reports_path(arena, patient),
                              .token = it->token,
                              .body = piece->body.text,
                              .body_length = piece->body.length,
                              .type = FORM_TYPE,
                              .headers = {key}};
    struct raw raw;
    struct buf out;
    raw_open(&raw, it->town.port);
    buf_begin(&out, arena, piece->body.length + 1024);
    raw_write(&out, &call);
    enum raw_end end = raw_ask(&raw, arena, out.text, out.length, false, WAIT_MS, answer);
    raw_close(&raw);
    if (end == RAW_ANSWERED)
        answer_judge(it->document, arena, &call, answer);
    return end;
}

/* --- memory --------------------------------------------------------------------------------- */

/* "VmHWM", the most it ever was; "VmRSS", what it is. */
static long kib_of(const struct state *it, const char *what)
{
    char path[64], line[256];
    long kib = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)it->town.service);
    FILE *file = fopen(path, "r");
    if (!file)
        die("no %s", path);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, what, strlen(what)) == 0)
            kib = strtol(line + strlen(what) + 1, NULL, 10);
    fclose(file);
    return kib;
}

static void forget_peak(const struct state *it)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/clear_refs", (int)it->town.service);
    FILE *file = fopen(path, "w");
    if (!file || fputs("5", file) < 0 || fclose(file))
        die("cannot write %s", path);
}

struct sender {
    struct state *it;
    const struct piece *piece;
    pthread_t thread;
    int status;
};

static void *send_one(void *user)
{
    struct sender *sender = user;
    struct arena arena CLEANUP(arena_end) = {0};
    struct answer answer = {0};
    if (send_piece(sender->it, &arena, sender->piece, SEED_PATIENT_OWN, NULL, &answer) ==
        RAW_ANSWERED)
        sender->status = answer.flaw ? -1 : answer.status;
    return NULL;
}

static void twenty_uploads_of_20_mib_at_once_take_no_memory(void **state)
{
    struct state *it = *state;
    struct arena arena CLEANUP(arena_end) = {0};
    struct piece piece = piece_make(&arena, EACH, 1);
    struct sender senders[AT_ONCE];
    town_service_start(&it->town);
    assert_true(town_ready_ms(&it->town, WAIT_MS) >= 0);
    struct piece small = piece_make(&arena, 20000, 2);
    for (int i = 0; i < 8; i++) { /* what the first requests cost once */
        struct answer answer = {0};
        assert_int_equal(send_piece(it, &arena, &small, SEED_PATIENT_OWN, NULL, &answer),
                         RAW_ANSWERED);
        assert_int_equal(answer.status, 201);
    }
    forget_peak(it);
    long before = kib_of(it, "VmRSS:");
    int64_t began = clock_monotonic_us();
    for (int i = 0; i < AT_ONCE; i++) {
        senders[i] = (struct sender){.it = it, .piece = &piece};
        if (pthread_create(&senders[i].thread, NULL, send_one, &senders[i]))
            die("no thread");
    }
    for (int i = 0; i < AT_ONCE; i++)
        pthread_join(senders[i].thread, NULL);
    long peak = kib_of(it, "VmHWM:");
    print_message("%d uploads of %d MiB side by side: %.1f s; resident %ld KiB before, %ld KiB at "
                  "the most: %ld KiB more\n",
                  AT_ONCE, EACH / MIB + 1, (double)(clock_monotonic_us() - began) / 1e6, before,
                  peak, peak - before);
    for (int i = 0; i < AT_ONCE; i++)
        assert_int_equal(senders[i].status, 201);
    assert_true(peak - before < GROWTH_KIB_MAX);
    struct objects objects = objects_count(it->boss, &it->files, false);
    assert_int_equal(objects.rows, AT_ONCE + 8);
    assert_int_equal(objects.rows_alone + objects.objects_alone + objects.arriving, 0);
}

/* --- one very large ------------------------------------------------------------------------- */

static const char *file_id(const struct answer *report)
{
    return json_string_value(json_object_get(json_object_get(report->json, "file"), "id"));
}

static void a_file_of_200_mib_comes_back_range_by_range(void **state)
{
    struct state *it = *state;
    struct arena arena CLEANUP(arena_end) = {0};
    struct piece piece = piece_make(&arena, HUGE_SIZE, 3);
    struct answer made = {0};
    forget_peak(it);
    long before = kib_of(it, "VmRSS:");
    assert_int_equal(send_piece(it, &arena, &piece, SEED_PATIENT_OWN, NULL, &made), RAW_ANSWERED);
    assert_null(made.flaw);
    assert_int_equal(made.status, 201);
    const char *path = arena_format(&arena, "/clinics/clinic-a/files/%s/content", file_id(&made));
    struct raw raw;
    raw_open(&raw, it->town.port);
    int ranges = 0;
    for (size_t from = 0; from < piece.file.length; from += RANGE, ranges++) {
        struct arena own CLEANUP(arena_end) = {0};
        struct answer part = {0};
        struct buf out;
        buf_begin(&out, &own, 1024);
        raw_write(&out, &(struct call){.path = path,
                                       .token = it->token,
                                       .headers = {arena_format(&own, "Range: bytes=%zu-%zu", from,
                                                                from + RANGE - 1)}});
        assert_int_equal(raw_ask(&raw, &own, out.text, out.length, false, WAIT_MS, &part),
                         RAW_ANSWERED);
        assert_int_equal(part.status, 206);
        size_t left = piece.file.length - from;
        assert_int_equal(part.length, left < RANGE ? left : RANGE);
        assert_memory_equal(part.body, piece.file.text + from, part.length);
    }
    raw_close(&raw);
    long peak = kib_of(it, "VmHWM:");
    print_message("a file of %zu bytes, sent, and fetched in %d ranges: %ld KiB more at the most\n",
                  piece.file.length, ranges, peak - before);
    assert_true(peak - before < GROWTH_KIB_MAX);
}

/* --- killed --------------------------------------------------------------------------------- */

struct storm {
    struct state *it;
    struct piece pieces[PIECES];
    atomic_int next, acknowledged, cut, wrong;
    atomic_bool is_over;
};

/* Again under the same key until it is acknowledged, or for one in four until it was cut. */
static void deliver(struct storm *storm, int n)
{
    for (bool gives_up = false; !gives_up && !atomic_load(&storm->is_over);) {
        struct arena arena CLEANUP(arena_end) = {0};
        struct answer answer = {0};
        enum raw_end end =
            send_piece(storm->it, &arena, &storm->pieces[n % PIECES], SEED_PATIENT_OWN + n % 2,
                       arena_format(&arena, "Idempotency-Key: storm-%d", n), &answer);
        if (end == RAW_ANSWERED && answer.status == 201 && !answer.flaw) {
            atomic_fetch_add(&storm->acknowledged, 1);
            return;
        }
        if (end == RAW_ANSWERED && answer.status != 503 && atomic_fetch_add(&storm->wrong, 1) < 5)
            print_error("upload %d: %d %s\n%s\n", n, answer.status, answer.flaw ? answer.flaw : "",
                        answer.body);
        if (end == RAW_CUT) {
            atomic_fetch_add(&storm->cut, 1);
            gives_up = n % 4 == 0;
        }
        usleep(20000);
    }
}

static void *rain(void *user)
{
    struct storm *storm = user;
    while (!atomic_load(&storm->is_over))
        deliver(storm, atomic_fetch_add(&storm->next, 1));
    return NULL;
}

/* As the service does by itself once what is alone is an hour old. */
static struct custody_count sweep(struct state *it)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    struct service_options options;
    struct custody custody = {0};
    struct custody_clinic *clinics;
    struct custody_count count = {0};
    size_t n = 0;
    service_defaults(&options);
    options.database.url = it->town.database.app_url;
    if (database_open(&options.database, &fault, &custody.database) ||
        store_open(&it->files, &fault, &custody.store) ||
        custody_clinics(custody.database, &fault, &clinics, &n))
        die("no sweep: %s %s", fault.code, fault.reason ? fault.reason : "");
    for (size_t i = 0; i < n; i++)
        if (custody_check(&custody, clinics[i].id,
                          &(struct custody_options){.removes = true, .least_age_us = 1}, &fault,
                          &count))
            die("the sweep broke off: %s %s", fault.code, fault.reason ? fault.reason : "");
    store_close(custody.store);
    database_close(custody.database);
    return count;
}

static void killed_at_random_no_row_is_without_its_bytes(void **state)
{
    static const size_t sizes[PIECES] = {4000, 60000, 300000, 1 * MIB, 2 * MIB, 3 * MIB};
    struct state *it = *state;
    struct storm storm = {.it = it};
    struct arena arena CLEANUP(arena_end) = {0};
    pthread_t writers[WRITERS];
    const char *text = getenv("CLINICD_TEST_SEED");
    unsigned seed = text ? (unsigned)atoi(text) : 1;
    for (unsigned i = 0; i < PIECES; i++)
        storm.pieces[i] = piece_make(&arena, sizes[i], 10 + i);
    int64_t rows_before = sql_int(it->boss, "SELECT count(*) FROM clinicd.file");
    for (int i = 0; i < WRITERS; i++)
        if (pthread_create(&writers[i], NULL, rain, &storm))
            die("no thread");
    for (int i = 0; i < KILLS; i++) {
        int until = atomic_load(&storm.acknowledged) + 1 + rand_r(&seed) % 6;
        for (int ms = 0; atomic_load(&storm.acknowledged) < until; ms++) {
            if (ms == WAIT_MS)
                fail_msg("no upload is acknowledged");
            usleep(1000);
        }
        usleep((unsigned)rand_r(&seed) % 30000);
        town_service_kill(&it->town);
        struct objects objects = objects_count(it->boss, &it->files, false);
        assert_int_equal(objects.rows_alone, 0);
        town_service_start(&it->town);
        assert_true(town_ready_ms(&it->town, WAIT_MS) >= 0);
    }
    atomic_store(&storm.is_over, true);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
    struct objects left = objects_count(it->boss, &it->files, false);
    int64_t rows = sql_int(it->boss, "SELECT count(*) FROM clinicd.file") - rows_before;
    print_message("%d kills: %d uploads acknowledged, %d rows, %d answers cut; left behind: %d "
                  "objects without a row, %d on the way, no row without its bytes\n",
                  KILLS, atomic_load(&storm.acknowledged), (int)rows, atomic_load(&storm.cut),
                  left.objects_alone, left.arriving);
    assert_int_equal(atomic_load(&storm.wrong), 0);
    assert_int_equal(left.rows_alone, 0);
    assert_true(rows >= atomic_load(&storm.acknowledged));
    /* In a bucket an upload may have left both: what has arrived stays until its row is written. */
    assert_in_range(left.objects_alone, 0, KILLS * WRITERS);
    assert_in_range(left.arriving, 0, KILLS * WRITERS);
    struct custody_count swept = sweep(it);
    assert_int_equal(swept.removed, left.objects_alone + left.arriving);
    struct objects after = objects_count(it->boss, &it->files, false);
    assert_int_equal(after.rows_alone + after.objects_alone + after.arriving, 0);
    assert_int_equal(after.objects, after.rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twenty_uploads_of_20_mib_at_once_take_no_memory),
        cmocka_unit_test(a_file_of_200_mib_comes_back_range_by_range),
        cmocka_unit_test(killed_at_random_no_row_is_without_its_bytes),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
