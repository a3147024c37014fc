#include "db/import/source.h"

#include "db/import/postgres.h"
#include "db/store/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKUP_PAGES = 1024, BACKUP_PAUSE_MS = 50, BACKUP_BUSY_MAX = 600, STOP_LOOK_STEPS = 100000 };

static enum err unreadable(struct fault *fault, const char *path, const char *why)
{
    return fail(fault, ERR_CONFLICT, "import-unreadable", "%s cannot be imported: %s", path, why);
}

static enum err stopped(struct fault *fault)
{
    return fail(fault, ERR_CONFLICT, "stopped",
                "stopped, as somebody asked; nothing is left of it");
}

/* A file that only we can read, empty, open twice and without a name: whatever ends the process,
 * nothing of what comes into it stays. */
static enum err copy_place(struct fault *fault, sqlite3 **copy, int *bytes)
{
    const char *folder = getenv("TMPDIR");
    char *path = arena_format(fault->arena, "%s/clinicd-import-XXXXXX",
                              folder && folder[0] ? folder : P_tmpdir);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return fail(fault, ERR_INTERNAL, NULL, "cannot make a private copy in %s: %s", path,
                    strerror(errno));
    int rc = sqlite3_open_v2(path, copy, SQLITE_OPEN_READWRITE, NULL);
    unlink(path);
    *bytes = fd;
    return rc == SQLITE_OK ? ERR_NONE
                           : fail(fault, ERR_INTERNAL, NULL, "cannot make a private copy in %s: %s",
                                  path, sqlite3_errstr(rc));
}

static int backup(sqlite3 *from, sqlite3 *to, struct stop *stop)
{
    sqlite3_backup *work = sqlite3_backup_init(to, "main", from, "main");
    if (!work)
        return sqlite3_errcode(to);
    int busy = 0, rc;
    do {
        rc = sqlite3_backup_step(work, BACKUP_PAGES);
        if ((rc == SQLITE_BUSY || rc == SQLITE_LOCKED) && busy++ < BACKUP_BUSY_MAX) {
            sqlite3_sleep(BACKUP_PAUSE_MS);
            rc = SQLITE_OK;
        }
        if (rc == SQLITE_OK && stop_asked(stop) > 0)
            rc = SQLITE_INTERRUPT;
    } while (rc == SQLITE_OK);
    int end = sqlite3_backup_finish(work);
    return rc == SQLITE_DONE ? end : rc;
}

static enum err file_copy(const char *path, sqlite3 *to, struct stop *stop, struct fault *fault)
{
    sqlite3 *from = NULL;
    struct stat about;
    if (access(path, R_OK) != 0 || stat(path, &about) != 0)
        return unreadable(fault, path, strerror(errno));
    if (!S_ISREG(about.st_mode)) /* whoever opens a pipe waits, and nobody can stop him */
        return unreadable(fault, path, "it is no file");
    int rc = sqlite3_open_v2(path, &from, SQLITE_OPEN_READONLY, NULL);
    if (rc == SQLITE_OK)
        sqlite3_exec(to, "PRAGMA journal_mode = off; PRAGMA synchronous = off", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = backup(from, to, stop);
    sqlite3_close(from);
    return rc == SQLITE_OK          ? ERR_NONE
           : rc == SQLITE_INTERRUPT ? stopped(fault)
                                    : unreadable(fault, path, sqlite3_errstr(rc));
}

enum err source_copy(const char *path, const char *copy, struct fault *fault)
{
    sqlite3 *to = NULL;
    int rc = sqlite3_open_v2(copy, &to, SQLITE_OPEN_READWRITE, NULL);
    enum err err = rc == SQLITE_OK ? file_copy(path, to, NULL, fault)
                                   : unreadable(fault, path, sqlite3_errstr(rc));
    sqlite3_close(to);
    return err;
}

static enum err copy_digest(int fd, struct stop *stop, struct fault *fault, struct source *source)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char block[65536], sum[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    ssize_t n;
    crypto_hash_sha256_init(&state);
    while ((n = pread(fd, block, sizeof block, source->bytes)) > 0) {
        crypto_hash_sha256_update(&state, block, (unsigned long long)n);
        source->bytes += n;
        if (stop_asked(stop) > 0)
            return stopped(fault);
    }
    if (n < 0)
        return fail(fault, ERR_INTERNAL, NULL, "cannot read the private copy: %s", strerror(errno));
    crypto_hash_sha256_final(&state, sum);
    for (size_t i = 0; i < sizeof sum; i++) {
        source->sha256[i * 2] = hex[sum[i] >> 4];
        source->sha256[i * 2 + 1] = hex[sum[i] & 15];
    }
    return ERR_NONE;
}

enum err source_prepare(const struct source *source, struct fault *fault, sqlite3_stmt **out,
                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *sql = sqlite3_vmprintf(format, args);
    va_end(args);
    if (!sql)
        abort();
    int rc = sqlite3_prepare_v2(source->db, sql, -1, out, NULL);
    sqlite3_free(sql);
    if (rc != SQLITE_OK)
        return fail(fault, ERR_INTERNAL, "import-failed", "reading the legacy database: %s",
                    sqlite3_errmsg(source->db));
    return ERR_NONE;
}

bool source_step(const struct source *source, struct fault *fault, sqlite3_stmt **statement)
{
    int rc = sqlite3_step(*statement);
    if (rc == SQLITE_ROW)
        return true;
    if (rc == SQLITE_INTERRUPT)
        stopped(fault);
    else if (rc != SQLITE_DONE)
        fail(fault, ERR_INTERNAL, "import-failed", "reading the legacy database: %s",
             sqlite3_errmsg(source->db));
    sqlite3_finalize(*statement);
    *statement = NULL;
    return false;
}

enum err source_number(const struct source *source, struct fault *fault, int64_t *out,
                       const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *sql = sqlite3_vmprintf(format, args);
    va_end(args);
    sqlite3_stmt *statement = NULL;
    enum err err = source_prepare(source, fault, &statement, "%s", sql);
    sqlite3_free(sql);
    if (err)
        return err;
    if (source_step(source, fault, &statement)) {
        *out = sqlite3_column_int64(statement, 0);
        sqlite3_finalize(statement);
    }
    return fault->err;
}

/* SQLite's own words about what is broken may quote a row, so only the first line is told. */
static enum err integrity_check(const struct source *source, const char *path, struct fault *fault)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(source->db, "PRAGMA integrity_check(1)", -1, &statement, NULL);
    if (rc != SQLITE_OK)
        return unreadable(fault, path, "the file is not a database, or is damaged");
    const unsigned char *said = NULL;
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        said = sqlite3_column_text(statement, 0);
    bool is_good = said && strcmp((const char *)said, "ok") == 0;
    sqlite3_finalize(statement);
    if (rc == SQLITE_INTERRUPT)
        return stopped(fault);
    return is_good ? ERR_NONE
                   : unreadable(fault, path, "the file is damaged (its integrity check fails)");
}

/* When Django first set it up, to the microsecond; a file without that is its own only copy. A
 * fraction of nothing is not written everywhere. */
static void identity_read(struct source *source, struct fault *fault)
{
    sqlite3_stmt *statement = NULL;
    source->identity = arena_format(fault->arena, "sha256 %s", source->sha256);
    if (sqlite3_prepare_v2(source->db,
                           "SELECT app || ' ' || name || ' ' || replace(applied, '.000000', '')"
                           " FROM django_migrations ORDER BY id LIMIT 1",
                           -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0))
        source->identity = arena_format(fault->arena, "django %s",
                                        (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
}

/* A stranger wrote the schema of this file: nothing in it may run, and pages are not believed. */
static void distrust(sqlite3 *db)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_exec(db,
                 "PRAGMA cell_size_check = on;"
                 "PRAGMA ignore_check_constraints = on;" /* a row that breaks one is told by name */
                 "PRAGMA query_only = on",
                 NULL, NULL, NULL);
}

/* A source in WAL mode says so in its header, and SQLite would look for the log beside the copy,
 * which has neither name nor neighbours. The counter tells it that the page is another one. */
static enum err wal_forget(int fd, struct fault *fault)
{
    enum { WRITE_VERSION = 18, READ_VERSION = 19, CHANGES = 24, VALID_FOR = 92, HEADER = 100 };
    unsigned char header[HEADER];
    if (pread(fd, header, HEADER, 0) != HEADER || header[READ_VERSION] != 2)
        return ERR_NONE; /* what is no database the check tells */
    header[WRITE_VERSION] = header[READ_VERSION] = 1;
    for (int i = CHANGES + 3; i >= CHANGES && ++header[i] == 0; i--)
        continue;
    memcpy(header + VALID_FOR, header + CHANGES, 4);
    return pwrite(fd, header, HEADER, 0) == HEADER
               ? ERR_NONE
               : fail(fault, ERR_INTERNAL, NULL, "cannot write the private copy: %s",
                      strerror(errno));
}

static int stop_look(void *user)
{
    return stop_asked(user) > 0;
}

static enum err copy_fill(const struct import_options *options, struct fault *fault,
                          struct source *source)
{
    if (import_is_address(options->file))
        return postgres_copy(options, source->db, fault, &source->origin);
    source->origin = (struct source_origin){.json = "{\"kind\": \"sqlite\"}"};
    return file_copy(options->file, source->db, options->stop, fault);
}

/* An address is never told: it may hold a password. */
enum err source_open(const struct import_options *options, struct fault *fault, struct source *out)
{
    struct source source = {.bytes = 0};
    int bytes CLEANUP(fd_drop) = -1;
    const char *name = import_is_address(options->file) ? "the legacy database" : options->file;
    enum err err = copy_place(fault, &source.db, &bytes);
    if (!err)
        err = copy_fill(options, fault, &source);
    if (!err)
        err = wal_forget(bytes, fault);
    if (!err)
        err = copy_digest(bytes, options->stop, fault, &source);
    if (!err) {
        distrust(source.db);
        sqlite3_progress_handler(source.db, STOP_LOOK_STEPS, stop_look, options->stop);
        err = integrity_check(&source, name, fault);
    }
    if (err) {
        source_close(&source);
        return err;
    }
    identity_read(&source, fault);
    *out = source;
    return ERR_NONE;
}

void source_hear_nobody(struct source *source)
{
    sqlite3_progress_handler(source->db, 0, NULL, NULL);
}

void source_close(struct source *source)
{
    sqlite3_close(source->db);
    source->db = NULL;
}

/* jsonb has no NUL. */
static void text_write(struct buf *out, const char *text, size_t length)
{
    if (!memchr(text, '\0', length)) {
        buf_json_string_n(out, text, length);
        return;
    }
    char *kept = arena_take(out->arena, length + 1);
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] != '\0')
            kept[n++] = text[i];
    }
    buf_json_string_n(out, kept, n);
}

static void value_write(struct buf *out, sqlite3_stmt *row, int i)
{
    double number;
    switch (sqlite3_column_type(row, i)) {
    case SQLITE_INTEGER:
        buf_int(out, sqlite3_column_int64(row, i));
        break;
    case SQLITE_FLOAT:
        number = sqlite3_column_double(row, i);
        if (isfinite(number))
            buf_format(out, "%.15g", number);
        else
            buf_text(out, "null");
        break;
    case SQLITE_TEXT:
    case SQLITE_BLOB:
        text_write(out, sqlite3_column_blob(row, i) ? sqlite3_column_blob(row, i) : "",
                   (size_t)sqlite3_column_bytes(row, i));
        break;
    default:
        buf_text(out, "null");
    }
}

void source_line(sqlite3_stmt *row, struct buf *out)
{
    for (int i = 0; i < sqlite3_column_count(row); i++) {
        buf_char(out, i ? ',' : '{');
        buf_json_string(out, sqlite3_column_name(row, i));
        buf_char(out, ':');
        value_write(out, row, i);
    }
    buf_char(out, '}');
}
