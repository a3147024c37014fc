/* What is kept is there, whole, until it is removed; what fails leaves nothing. The same against
 * the folder and against the bucket (CLINICD_TEST_STORE=bucket). */
#include "db/store/store.h"

#include "db/arena.h"
#include "db/clock.h"
#include "db/keys.h"
#include "tests/harness/s3_server.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { MIB = 1024 * 1024, MOST = 64 * MIB };

struct bench {
    struct arena arena;
    struct fault fault;
    char folder[40];
    struct s3_server server;
    bool is_bucket;
    struct store_options options;
    struct store *store;
    char id[UUID_TEXT];
};

/* --- the disk fails when it is told to: see the linker's --wrap in tests/CMakeLists.txt --- */

static struct {
    int write, fsync, pread; /* an errno, or 0 */
    int after;               /* so many calls that still work */
} failing;

static bool fails_now(int error)
{
    if (!error || failing.after-- > 0)
        return false;
    errno = error;
    return true;
}

ssize_t __real_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
ssize_t __real_pread(int fd, void *out, size_t n, off_t at);
ssize_t __wrap_pread(int fd, void *out, size_t n, off_t at);

ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
    return fails_now(failing.write) ? -1 : __real_write(fd, bytes, n);
}

int __wrap_fsync(int fd)
{
    return fails_now(failing.fsync) ? -1 : __real_fsync(fd);
}

ssize_t __wrap_pread(int fd, void *out, size_t n, off_t at)
{
    return fails_now(failing.pread) ? -1 : __real_pread(fd, out, n, at);
}

/* --- around each test --- */

static void store_begin(struct bench *it)
{
    assert_int_equal(store_open(&it->options, &it->fault, &it->store), ERR_NONE);
}

static int begin(void **state)
{
    static struct bench it;
    const char *wanted = getenv("CLINICD_TEST_STORE");
    it.fault.arena = &it.arena;
    it.is_bucket = wanted && strcmp(wanted, "bucket") == 0;
    strcpy(it.folder, "/tmp/clinicd-store-XXXXXX");
    assert_non_null(mkdtemp(it.folder));
    it.options = (struct store_options){.folder = it.folder};
    if (it.is_bucket) {
        s3_server_start(&it.server);
        s3_server_options(&it.server, &it.options);
    }
    store_begin(&it);
    *state = &it;
    return 0;
}

static int entry_remove(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about, (void)kind, (void)where;
    return remove(path);
}

static int end(void **state)
{
    struct bench *it = *state;
    store_close(it->store);
    if (it->is_bucket)
        s3_server_stop(&it->server);
    nftw(it->folder, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
    arena_end(&it->arena);
    return 0;
}

static int clear(void **state)
{
    struct bench *it = *state;
    memset(&failing, 0, sizeof failing);
    fault_reset(&it->fault);
    uuid_make(clock_now_us(), it->id);
    return 0;
}

/* --- hands --- */

static unsigned char *pattern(struct arena *arena, size_t n)
{
    unsigned char *bytes = arena_take(arena, n + 1);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(i * 31 + i / 251);
    return bytes;
}

static enum err keep(struct store *store, int64_t clinic, const char *id, const void *bytes,
                     size_t n, struct fault *fault)
{
    struct spool *spool = NULL;
    enum err err = spool_open(store, clinic, MOST, fault, &spool);
    for (size_t at = 0, piece; !err && at < n; at += piece) {
        piece = n - at < 65536 ? n - at : 65536;
        err = spool_write(spool, (const char *)bytes + at, piece, fault);
    }
    if (!err)
        err = spool_finish(spool, fault);
    if (!err)
        err = store_keep(store, spool, id, fault);
    spool_drop(spool);
    return err;
}

static void keeps(struct bench *it, int64_t clinic, const char *id, const void *bytes, size_t n)
{
    if (keep(it->store, clinic, id, bytes, n, &it->fault))
        fail_msg("%s: %s", it->fault.code, it->fault.reason ? it->fault.reason : "-");
}

/* False: it broke off. */
static bool reads(struct store *store, int64_t clinic, const char *id, uint64_t size,
                  uint64_t offset, uint64_t length, unsigned char *out, struct fault *fault)
{
    struct store_reader *reader = NULL;
    if (store_read(store, clinic, id, size, offset, length, fault, &reader))
        fail_msg("%s: %s", fault->code, fault->reason);
    uint64_t got = 0;
    ssize_t n;
    while ((n = store_reader_read(reader, out + got, 7000)) > 0)
        got += (uint64_t)n;
    store_reader_close(reader);
    return n == 0 && got == length;
}

static void is_missing(struct bench *it, int64_t clinic, const char *id, uint64_t size)
{
    struct store_reader *reader = NULL;
    fault_reset(&it->fault);
    assert_int_equal(store_read(it->store, clinic, id, size, 0, size, &it->fault, &reader),
                     ERR_INTERNAL);
    assert_string_equal(it->fault.code, "file-missing");
    assert_null(reader);
    fault_reset(&it->fault);
}

struct seen {
    const char *id;
    int objects, spools, found;
    uint64_t size;
    int64_t changed_us;
};

static bool see(void *user, const struct store_object *object)
{
    struct seen *seen = user;
    seen->spools += object->is_spool;
    seen->objects += !object->is_spool;
    if (seen->id && strcmp(object->name, seen->id) == 0) {
        seen->found++;
        seen->size = object->size;
        seen->changed_us = object->changed_us;
    }
    return true;
}

static struct seen walk(struct bench *it, int64_t clinic, const char *id)
{
    struct seen seen = {.id = id};
    if (store_walk(it->store, clinic, see, &seen, &it->fault))
        fail_msg("%s: %s", it->fault.code, it->fault.reason);
    return seen;
}

/* --- both --- */

static void what_is_kept_is_read_back_whole_and_in_part(void **state)
{
    struct bench *it = *state;
    static const size_t sizes[] = {1, 16383, 16384, 16385, 5 * MIB + 7};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t n = sizes[i];
        unsigned char *bytes = pattern(&it->arena, n), *back = arena_take(&it->arena, n + 1);
        uuid_make(clock_now_us(), it->id);
        keeps(it, 7, it->id, bytes, n);
        assert_true(reads(it->store, 7, it->id, n, 0, n, back, &it->fault));
        assert_memory_equal(back, bytes, n);
        assert_true(reads(it->store, 7, it->id, n, n / 3, n / 2, back, &it->fault));
        assert_memory_equal(back, bytes + n / 3, n / 2);
        assert_true(reads(it->store, 7, it->id, n, n - 1, 1, back, &it->fault));
        assert_int_equal(back[0], bytes[n - 1]);
        assert_true(reads(it->store, 7, it->id, n, n, 0, back, &it->fault));
    }
}

static void size_and_sum_are_counted_on_the_way(void **state)
{
    struct bench *it = *state;
    struct spool *spool = NULL;
    char digest[DIGEST_TEXT], byte;
    assert_int_equal(spool_open(it->store, 7, MOST, &it->fault, &spool), ERR_NONE);
    assert_int_equal(spool_write(spool, "clin", 4, &it->fault), ERR_NONE);
    assert_int_equal(spool_write(spool, "icd", 3, &it->fault), ERR_NONE);
    assert_int_equal(spool_finish(spool, &it->fault), ERR_NONE);
    assert_int_equal(spool_size(spool), 7);
    assert_string_equal(spool_sha256(spool), digest_hex("clinicd", 7, digest));
    assert_int_equal(pread(spool_fd(spool), &byte, 1, 6), 1);
    assert_int_equal(byte, 'd');
    assert_true(write(spool_fd(spool), "x", 1) < 0); /* who only reads cannot write */
    spool_drop(spool);
    assert_int_equal(walk(it, 7, NULL).spools, 0);
}

static void more_than_the_most_is_too_large_and_leaves_nothing(void **state)
{
    struct bench *it = *state;
    struct spool *spool = NULL;
    assert_int_equal(spool_open(it->store, 8, 10, &it->fault, &spool), ERR_NONE);
    assert_int_equal(spool_write(spool, "0123456789", 10, &it->fault), ERR_NONE);
    assert_int_equal(spool_write(spool, "x", 1, &it->fault), ERR_INPUT);
    assert_string_equal(it->fault.code, "payload-too-large");
    fault_reset(&it->fault);
    assert_int_equal(spool_finish(spool, &it->fault), ERR_INTERNAL); /* not as if it were whole */
    fault_reset(&it->fault);
    assert_int_equal(store_keep(it->store, spool, it->id, &it->fault), ERR_INTERNAL);
    spool_drop(spool);
    struct seen seen = walk(it, 8, NULL);
    assert_int_equal(seen.objects + seen.spools, 0);
}

static void what_is_not_as_it_was_is_missing_and_never_another(void **state)
{
    struct bench *it = *state;
    char other[UUID_TEXT];
    keeps(it, 7, it->id, "abc", 3);
    is_missing(it, 7, it->id, 4);
    is_missing(it, 7, it->id, 2);
    is_missing(it, 70, it->id, 3); /* another clinic's folder has none of it */
    is_missing(it, 7, uuid_make(clock_now_us(), other), 3);
    uint64_t size = 0;
    assert_int_equal(store_look(it->store, 7, it->id, &it->fault, &size), ERR_NONE);
    assert_int_equal(size, 3);
    assert_int_equal(store_look(it->store, 70, it->id, &it->fault, &size), ERR_INTERNAL);
    assert_string_equal(it->fault.code, "file-missing");
}

static void what_is_removed_is_gone_and_may_be_removed_again(void **state)
{
    struct bench *it = *state;
    keeps(it, 7, it->id, "abc", 3);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_remove(it->store, 7, it->id, &it->fault), ERR_NONE);
        is_missing(it, 7, it->id, 3);
    }
    assert_int_equal(store_remove(it->store, 12345, it->id, &it->fault), ERR_NONE);
}

static void the_walk_sees_what_is_there_and_when_it_came(void **state)
{
    struct bench *it = *state;
    struct spool *spool = NULL;
    int64_t before = clock_now_us() - 2000000;
    keeps(it, 9, it->id, "abcd", 4);
    assert_int_equal(spool_open(it->store, 9, MOST, &it->fault, &spool), ERR_NONE);
    struct seen seen = walk(it, 9, it->id);
    assert_int_equal(seen.found, 1);
    assert_int_equal(seen.objects, 1);
    assert_int_equal(seen.spools, 1);
    assert_int_equal(seen.size, 4);
    assert_true(seen.changed_us >= before && seen.changed_us <= clock_now_us() + 2000000);
    spool_drop(spool);
    assert_int_equal(walk(it, 9, NULL).spools, 0);
    assert_int_equal(walk(it, 1009, NULL).objects, 0);
}

/* An id that is none never becomes a name, and one that is has one spelling. */
static void hostile_names_never_become_paths(void **state)
{
    struct bench *it = *state;
    static const char *const names[] = {"",
                                        ".",
                                        "..",
                                        "/",
                                        "//",
                                        "\\",
                                        "../",
                                        "..\\",
                                        "/etc/passwd",
                                        "../../etc/passwd",
                                        "..\\..\\windows\\win.ini",
                                        "....//....//etc/passwd",
                                        "%2e%2e%2fetc%2fpasswd",
                                        "..%2f..%2fetc/passwd",
                                        "..%c0%af..%c0%afetc",
                                        "a.pdf",
                                        "a.pdf\n",
                                        "a\r\nX: y",
                                        "a\tb",
                                        "a b",
                                        " a",
                                        "a ",
                                        "a/b",
                                        "a\\b",
                                        "~",
                                        "~root",
                                        "$HOME",
                                        "${PATH}",
                                        "`id`",
                                        "$(id)",
                                        "|id",
                                        ";id",
                                        "&id",
                                        "a;b",
                                        "a'b",
                                        "a\"b",
                                        "<a>",
                                        "*",
                                        "?",
                                        "[a]",
                                        "con",
                                        "nul",
                                        "aux.pdf",
                                        "com1",
                                        "a:stream",
                                        "C:\\a.pdf",
                                        "\\\\host\\share",
                                        "file:///etc/passwd",
                                        ".htaccess",
                                        ".bashrc",
                                        "-rf",
                                        "--help",
                                        "a\x7f",
                                        "a\x1b[31m",
                                        "\xc3\x28",
                                        "\xf0\x9f\x92\x8a.pdf",
                                        "\xe2\x80\xae"
                                        "fdp.exe",
                                        "a%00.pdf",
                                        "tmp/0123456789abcdef0123456789abcdef",
                                        "01900000-0000-7000-8000-00000000000",
                                        "01900000-0000-7000-8000-0000000000000",
                                        "01900000-0000-7000-8000-00000000000g",
                                        "0190000/-0000-7000-8000-000000000001",
                                        "../00000-0000-7000-8000-000000000001",
                                        "01900000-0000-7000-8000-0000000000/1"};
    enum { NAMES = sizeof names / sizeof *names };
    assert_true(NAMES >= 60);
    for (size_t i = 0; i < NAMES; i++) {
        struct store_reader *reader = NULL;
        uint64_t size = 0;
        fault_reset(&it->fault);
        assert_int_equal(keep(it->store, 10, names[i], "abc", 3, &it->fault), ERR_INTERNAL);
        fault_reset(&it->fault);
        assert_int_equal(store_read(it->store, 10, names[i], 3, 0, 3, &it->fault, &reader),
                         ERR_INTERNAL);
        assert_null(it->fault.code); /* a bug of ours, no missing file */
        fault_reset(&it->fault);
        assert_int_equal(store_remove(it->store, 10, names[i], &it->fault), ERR_INTERNAL);
        fault_reset(&it->fault);
        assert_int_equal(store_look(it->store, 10, names[i], &it->fault, &size), ERR_INTERNAL);
    }
    struct seen seen = walk(it, 10, NULL);
    assert_int_equal(seen.objects + seen.spools, 0);
    static const char loud[] = "01900000-ABCD-7000-8000-0000000000FE";
    unsigned char back[3];
    keeps(it, 10, loud, "abc", 3);
    assert_true(
        reads(it->store, 10, "01900000-abcd-7000-8000-0000000000fe", 3, 0, 3, back, &it->fault));
}

struct crowd {
    struct bench *it;
    int64_t clinic;
    size_t wrong;
};

static void *keep_and_read_many(void *user)
{
    enum { N = 100 * 1000 };
    struct crowd *crowd = user;
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    unsigned char *bytes = pattern(&arena, N), *back = arena_take(&arena, N);
    for (int i = 0; i < 10; i++) {
        char id[UUID_TEXT];
        uuid_make(clock_now_us(), id);
        bytes[0] = (unsigned char)i;
        if (keep(crowd->it->store, crowd->clinic, id, bytes, N, &fault) ||
            !reads(crowd->it->store, crowd->clinic, id, N, 0, N, back, &fault) ||
            memcmp(back, bytes, N) != 0 ||
            store_remove(crowd->it->store, crowd->clinic, id, &fault))
            crowd->wrong++;
    }
    arena_end(&arena);
    return NULL;
}

static void many_threads_may_use_it_at_once(void **state)
{
    enum { THREADS = 12 };
    pthread_t threads[THREADS];
    struct crowd crowds[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        crowds[i] = (struct crowd){.it = *state, .clinic = 20 + (int64_t)i % 3};
        assert_int_equal(pthread_create(&threads[i], NULL, keep_and_read_many, &crowds[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(crowds[i].wrong, 0);
    }
}

/* --- what breaks while a file arrives --- */

static void leaves_nothing(struct bench *it, int64_t clinic)
{
    memset(&failing, 0, sizeof failing);
    fault_reset(&it->fault);
    struct seen seen = walk(it, clinic, NULL);
    assert_int_equal(seen.objects + seen.spools, 0);
}

static void a_disk_that_fails_is_an_error_and_leaves_nothing(void **state)
{
    struct bench *it = *state;
    unsigned char *bytes = pattern(&it->arena, 3 * MIB);
    keeps(it, 11, it->id, "a", 1); /* the folders are there */
    assert_int_equal(store_remove(it->store, 11, it->id, &it->fault), ERR_NONE);
    for (int after = 0; after < 40; after += 13) {
        failing.write = EIO;
        failing.after = after;
        assert_int_equal(keep(it->store, 11, it->id, bytes, 3 * MIB, &it->fault), ERR_INTERNAL);
        assert_non_null(strstr(it->fault.reason, "Input/output error"));
        leaves_nothing(it, 11);
    }
    for (int after = 0; after < (it->is_bucket ? 1 : 2); after++) { /* of the file; of its folder */
        failing.fsync = EIO;
        failing.after = after;
        assert_int_equal(keep(it->store, 11, it->id, bytes, 10, &it->fault), ERR_INTERNAL);
        leaves_nothing(it, 11);
    }
}

static void a_sync_that_failed_is_not_tried_again_as_if_it_had_worked(void **state)
{
    struct bench *it = *state;
    struct spool *spool = NULL;
    assert_int_equal(spool_open(it->store, 11, MOST, &it->fault, &spool), ERR_NONE);
    assert_int_equal(spool_write(spool, "abc", 3, &it->fault), ERR_NONE);
    failing.fsync = EIO;
    assert_int_equal(spool_finish(spool, &it->fault), ERR_INTERNAL);
    failing.fsync = 0; /* and now the kernel would say that all is well */
    fault_reset(&it->fault);
    assert_int_equal(spool_finish(spool, &it->fault), ERR_INTERNAL);
    fault_reset(&it->fault);
    assert_int_equal(store_keep(it->store, spool, it->id, &it->fault), ERR_INTERNAL);
    spool_drop(spool);
    leaves_nothing(it, 11);
}

static void a_full_disk_is_said_and_leaves_nothing(void **state)
{
    struct bench *it = *state;
    static const int full[] = {ENOSPC, EDQUOT, EFBIG};
    for (size_t i = 0; i < sizeof full / sizeof *full; i++) {
        failing.write = full[i];
        failing.after = 1;
        assert_int_equal(keep(it->store, 11, it->id, pattern(&it->arena, MIB), MIB, &it->fault),
                         ERR_INPUT);
        assert_string_equal(it->fault.code, "insufficient-storage");
        leaves_nothing(it, 11);
    }
    failing.fsync = ENOSPC;
    assert_int_equal(keep(it->store, 11, it->id, "abc", 3, &it->fault), ERR_INPUT);
    assert_string_equal(it->fault.code, "insufficient-storage");
    leaves_nothing(it, 11);
}

/* --- the folder alone --- */

static void a_file_that_cannot_be_read_breaks_off(void **state)
{
    struct bench *it = *state;
    struct store_reader *reader = NULL;
    char back[8];
    keeps(it, 12, it->id, "abcdef", 6);
    assert_int_equal(store_read(it->store, 12, it->id, 6, 0, 6, &it->fault, &reader), ERR_NONE);
    assert_int_equal(store_reader_read(reader, back, 3), 3);
    failing.pread = EIO;
    assert_int_equal(store_reader_read(reader, back, 3), -1);
    store_reader_close(reader);
}

static char *path_of(struct bench *it, int64_t clinic, const char *id)
{
    return arena_format(&it->arena, "%s/%d/%s/%s", it->folder, (int)clinic, id + UUID_TEXT - 3, id);
}

static void a_file_that_shrinks_while_it_is_read_breaks_off(void **state)
{
    struct bench *it = *state;
    struct store_reader *reader = NULL;
    char back[8];
    keeps(it, 12, it->id, "abcdef", 6);
    assert_int_equal(store_read(it->store, 12, it->id, 6, 0, 6, &it->fault, &reader), ERR_NONE);
    assert_int_equal(truncate(path_of(it, 12, it->id), 2), 0);
    assert_int_equal(store_reader_read(reader, back, 6), 2);
    assert_int_equal(store_reader_read(reader, back, 6), -1);
    store_reader_close(reader);
    is_missing(it, 12, it->id, 6);
}

static void files_belong_to_the_service_alone(void **state)
{
    struct bench *it = *state;
    struct stat about;
    keeps(it, 13, it->id, "abc", 3);
    char *path = path_of(it, 13, it->id);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    for (int i = 0; i < 2; i++) {
        *strrchr(path, '/') = '\0';
        assert_int_equal(stat(path, &about), 0);
        assert_int_equal(about.st_mode & 0777, 0700);
    }
}

static void links_are_not_followed(void **state)
{
    struct bench *it = *state;
    char *path = path_of(it, 14, it->id);
    keeps(it, 14, it->id, "abc", 3);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    struct store_reader *reader = NULL;
    assert_int_not_equal(store_read(it->store, 14, it->id, 3, 0, 3, &it->fault, &reader), ERR_NONE);
    assert_int_equal(unlink(path), 0);
    *strrchr(path, '/') = '\0';
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink("/tmp", path), 0); /* its place is somewhere else now */
    fault_reset(&it->fault);
    assert_int_not_equal(keep(it->store, 14, it->id, "abc", 3, &it->fault), ERR_NONE);
    assert_int_equal(access(arena_format(&it->arena, "/tmp/%s", it->id), F_OK), -1);
    assert_int_equal(unlink(path), 0);
}

static void a_name_is_never_taken_twice(void **state)
{
    struct bench *it = *state;
    unsigned char back[3];
    keeps(it, 15, it->id, "abc", 3);
    assert_int_equal(keep(it->store, 15, it->id, "xyz", 3, &it->fault), ERR_CONFLICT);
    assert_string_equal(it->fault.code, "id-taken");
    fault_reset(&it->fault);
    assert_true(reads(it->store, 15, it->id, 3, 0, 3, back, &it->fault));
    assert_memory_equal(back, "abc", 3);
}

static void below_the_floor_nothing_is_taken(void **state)
{
    struct bench *it = *state;
    struct store *strict = NULL;
    struct spool *spool = NULL;
    struct store_options options = it->options;
    options.least_free_percent = 101; /* more than all */
    assert_int_equal(store_open(&options, &it->fault, &strict), ERR_NONE);
    assert_int_equal(spool_open(strict, 16, MOST, &it->fault, &spool), ERR_INPUT);
    assert_string_equal(it->fault.code, "insufficient-storage");
    assert_null(spool);
    store_close(strict);
}

/* Eight MiB in all: a file system of its own where that is allowed, else the largest that a file
 * may become. */
static bool small_disk(const char *path)
{
    static const struct rlimit eight = {8 * MIB, RLIM_INFINITY};
    if (mount("none", path, "tmpfs", 0, "size=8m") == 0)
        return true;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &eight), 0);
    return false;
}

static void a_small_disk_takes_what_fits_and_goes_on(void **state)
{
    struct bench *it = *state;
    static const struct rlimit no_limit = {RLIM_INFINITY, RLIM_INFINITY};
    char *path = arena_format(&it->arena, "%s/small", it->folder);
    struct store_options options = {.folder = path, .least_free_percent = 5};
    struct store *small = NULL;
    char next[UUID_TEXT];
    unsigned char *bytes = pattern(&it->arena, 9 * MIB), *back = arena_take(&it->arena, 2 * MIB);
    assert_int_equal(mkdir(path, 0700), 0);
    bool is_mounted = small_disk(path);
    assert_int_equal(store_open(&options, &it->fault, &small), ERR_NONE);
    assert_int_equal(keep(small, 1, it->id, bytes, 2 * MIB, &it->fault), ERR_NONE);
    for (int i = 0; i < 3; i++) {
        fault_reset(&it->fault);
        uuid_make(clock_now_us(), next);
        assert_int_equal(keep(small, 1, next, bytes, 9 * MIB, &it->fault), ERR_INPUT);
        assert_string_equal(it->fault.code, "insufficient-storage");
    }
    fault_reset(&it->fault);
    assert_int_equal(keep(small, 1, next, bytes, 4 * MIB, &it->fault), ERR_NONE);
    assert_true(reads(small, 1, it->id, 2 * MIB, 0, 2 * MIB, back, &it->fault));
    assert_memory_equal(back, bytes, 2 * MIB);
    struct seen seen = {0};
    assert_int_equal(store_walk(small, 1, see, &seen, &it->fault), ERR_NONE);
    assert_int_equal(seen.objects, 2);
    assert_int_equal(seen.spools, 0);
    store_close(small);
    setrlimit(RLIMIT_FSIZE, &no_limit);
    if (is_mounted)
        assert_int_equal(umount(path), 0);
}

static void a_folder_that_cannot_be_used_is_said_at_the_start(void **state)
{
    struct bench *it = *state;
    struct store *none = NULL;
    struct store_options options = {.folder = "/proc/nowhere"};
    assert_int_equal(store_open(&options, &it->fault, &none), ERR_INPUT);
    assert_non_null(strstr(it->fault.detail, "/proc/nowhere"));
    assert_null(none);
}

/* --- the bucket alone --- */

static void a_server_that_says_later_is_asked_again(void **state)
{
    struct bench *it = *state;
    unsigned char *bytes = pattern(&it->arena, MIB), *back = arena_take(&it->arena, MIB);
    s3_server_trouble(&it->server, "503", 2);
    keeps(it, 30, it->id, bytes, MIB);
    assert_int_equal(s3_server_asked(&it->server), 3);
    s3_server_trouble(&it->server, "500", 1);
    assert_true(reads(it->store, 30, it->id, MIB, 0, MIB, back, &it->fault));
    assert_memory_equal(back, bytes, MIB);
    s3_server_trouble(&it->server, "429", 1);
    assert_int_equal(walk(it, 30, NULL).objects, 1);
}

static void unavailable(struct bench *it, struct store *store, const char *why)
{
    fault_reset(&it->fault);
    assert_int_equal(keep(store, 31, it->id, "abc", 3, &it->fault), ERR_UNAVAILABLE);
    assert_string_equal(it->fault.code, "store-unavailable");
    if (!strstr(it->fault.reason, why))
        fail_msg("another reason: %s", it->fault.reason);
    fault_reset(&it->fault);
}

static void a_server_that_fails_for_long_is_unavailable(void **state)
{
    struct bench *it = *state;
    s3_server_trouble(&it->server, "503", 50);
    s3_server_asked(&it->server);
    unavailable(it, it->store, "status 503");
    assert_in_range(s3_server_asked(&it->server), 2, 6); /* and is not beaten */
    s3_server_trouble(&it->server, "503", 0);
    assert_int_equal(walk(it, 31, NULL).objects, 0);
}

static void a_server_that_is_silent_costs_the_timeout_and_no_more(void **state)
{
    struct bench *it = *state;
    struct store *hasty = NULL;
    struct store_options options = it->options;
    options.timeout_s = 1;
    assert_int_equal(store_open(&options, &it->fault, &hasty), ERR_NONE);
    s3_server_trouble(&it->server, "hang", 1);
    unavailable(it, hasty, "Timeout");
    s3_server_trouble(&it->server, "507", 1);
    assert_int_equal(keep(hasty, 31, it->id, "abc", 3, &it->fault), ERR_INPUT);
    assert_string_equal(it->fault.code, "insufficient-storage");
    store_close(hasty);
}

static void an_answer_that_is_cut_breaks_off(void **state)
{
    struct bench *it = *state;
    unsigned char *back = arena_take(&it->arena, MIB);
    keeps(it, 32, it->id, pattern(&it->arena, MIB), MIB);
    s3_server_trouble(&it->server, "cut", 1);
    assert_false(reads(it->store, 32, it->id, MIB, 0, MIB, back, &it->fault));
    assert_true(reads(it->store, 32, it->id, MIB, 0, MIB, back, &it->fault));
}

static void a_wrong_key_is_unavailable_and_the_log_knows_why(void **state)
{
    struct bench *it = *state;
    struct store *wrong = NULL;
    struct store_options options = it->options;
    options.secret_key = "another";
    assert_int_equal(store_open(&options, &it->fault, &wrong), ERR_NONE);
    unavailable(it, wrong, "SignatureDoesNotMatch");
    store_close(wrong);
    options.bucket_url = "http://127.0.0.1:1/nobody";
    assert_int_equal(store_open(&options, &it->fault, &wrong), ERR_NONE);
    unavailable(it, wrong, "connect");
    store_close(wrong);
}

static void a_url_that_is_none_is_said_at_the_start(void **state)
{
    struct bench *it = *state;
    static const char *const urls[] = {"bucket",
                                       "ftp://host/bucket",
                                       "http://files.example/bucket",
                                       "https://host",
                                       "https://host/",
                                       "https:///bucket",
                                       "https://host//x",
                                       "https://host/a/../b",
                                       "https://host/a?x=1",
                                       "https://user@host/bucket",
                                       "https://host/a b",
                                       "https://host/a%2fb"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct store *none = NULL;
        struct store_options options = it->options;
        options.bucket_url = urls[i];
        fault_reset(&it->fault);
        assert_int_equal(store_open(&options, &it->fault, &none), ERR_INPUT);
        assert_non_null(strstr(it->fault.detail, "url"));
        assert_null(none);
    }
}

static void a_long_list_is_seen_whole(void **state)
{
    enum { MANY = 251 };
    struct bench *it = *state;
    for (int i = 0; i < MANY; i++) {
        uuid_make(clock_now_us(), it->id);
        keeps(it, 33, it->id, "a", 1);
    }
    struct seen seen = walk(it, 33, it->id);
    assert_int_equal(seen.objects, MANY);
    assert_int_equal(seen.found, 1);
}

#define TEST(name) cmocka_unit_test_setup(name, clear)

int main(void)
{
    const char *wanted = getenv("CLINICD_TEST_STORE");
    const struct CMUnitTest both[] = {
        TEST(what_is_kept_is_read_back_whole_and_in_part),
        TEST(size_and_sum_are_counted_on_the_way),
        TEST(more_than_the_most_is_too_large_and_leaves_nothing),
        TEST(what_is_not_as_it_was_is_missing_and_never_another),
        TEST(what_is_removed_is_gone_and_may_be_removed_again),
        TEST(the_walk_sees_what_is_there_and_when_it_came),
        TEST(hostile_names_never_become_paths),
        TEST(many_threads_may_use_it_at_once),
        TEST(a_disk_that_fails_is_an_error_and_leaves_nothing),
        TEST(a_sync_that_failed_is_not_tried_again_as_if_it_had_worked),
        TEST(a_full_disk_is_said_and_leaves_nothing),
        TEST(below_the_floor_nothing_is_taken),
        TEST(a_folder_that_cannot_be_used_is_said_at_the_start),
    };
    const struct CMUnitTest folder[] = {
        TEST(a_file_that_cannot_be_read_breaks_off),
        TEST(a_file_that_shrinks_while_it_is_read_breaks_off),
        TEST(files_belong_to_the_service_alone),
        TEST(links_are_not_followed),
        TEST(a_name_is_never_taken_twice),
        TEST(a_small_disk_takes_what_fits_and_goes_on),
    };
    const struct CMUnitTest bucket[] = {
        TEST(a_server_that_says_later_is_asked_again),
        TEST(a_server_that_fails_for_long_is_unavailable),
        TEST(a_server_that_is_silent_costs_the_timeout_and_no_more),
        TEST(an_answer_that_is_cut_breaks_off),
        TEST(a_wrong_key_is_unavailable_and_the_log_knows_why),
        TEST(a_url_that_is_none_is_said_at_the_start),
        TEST(a_long_list_is_seen_whole),
    };
    int failed = cmocka_run_group_tests(both, begin, end);
    if (wanted && strcmp(wanted, "bucket") == 0)
        failed += cmocka_run_group_tests(bucket, begin, end);
    else
        failed += cmocka_run_group_tests(folder, begin, end);
    return failed;
}
