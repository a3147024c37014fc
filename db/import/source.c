#include "db/import/source.h"

#include "db/import/postgres.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKUP_PAGES = 1024, BACKUP_PAUSE_MS = 50, BACKUP_BUSY_MAX = 600 };

static enum err unreadable(struct fault *fault, const char *path, const char *why)
{
    return fail(fault, ERR_CONFLICT, "import-unreadable", "%s cannot be imported: %s", path, why);
}

/* A file that only we can read, empty. */
static enum err copy_place(struct fault *fault, const char **out)
{
    const char *folder = getenv("TMPDIR");
    char *path = arena_format(fault->arena, "%s/clinicd-import-XXXXXX",
                              folder && folder[0] ? folder : P_tmpdir);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return fail(fault, ERR_INTERNAL, NULL, "cannot make a private copy in %s: %s", path,
                    strerror(errno));
    close(fd);
    *out = path;
    return ERR_NONE;
}

static int backup(sqlite3 *from, sqlite3 *to)
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
    } while (rc == SQLITE_OK);
    int end = sqlite3_backup_finish(work);
    return rc == SQLITE_DONE ? end : rc;
}

enum err source_copy(const char *path, const char *copy, struct fault *fault)
{
    sqlite3 *from = NULL, *to = NULL;
    struct stat about;
    if (stat(path, &about) != 0)
        return unreadable(fault, path, strerror(errno));
    if (!S_ISREG(about.st_mode)) /* whoever opens a pipe waits, and nobody can stop him */
        return unreadable(fault, path, "it is no file");
    int rc = sqlite3_open_v2(path, &from, SQLITE_OPEN_READONLY, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_open_v2(copy, &to, SQLITE_OPEN_READWRITE, NULL);
    if (rc == SQLITE_OK)
        sqlite3_exec(to, "PRAGMA journal_mode = off; PRAGMA synchronous = off", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = backup(from, to);
    enum err err = rc == SQLITE_OK ? ERR_NONE : unreadable(fault, path, sqlite3_errstr(rc));
    sqlite3_close(from);
    sqlite3_close(to);
    return err;
}

static enum err copy_digest(const char *copy, struct fault *fault, struct source *source)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char block[65536], sum[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    int fd = open(copy, O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;
    crypto_hash_sha256_init(&state);
    while (fd >= 0 && (n = read(fd, block, sizeof block)) > 0) {
        crypto_hash_sha256_update(&state, block, (unsigned long long)n);
        source->bytes += n;
    }
    if (fd >= 0)
        close(fd);
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
    if (rc != SQLITE_DONE)
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
    if (sqlite3_step(statement) == SQLITE_ROW)
        said = sqlite3_column_text(statement, 0);
    bool is_good = said && strcmp((const char *)said, "ok") == 0;
    sqlite3_finalize(statement);
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
    sqlite3_exec(db, "PRAGMA cell_size_check = on", NULL, NULL, NULL);
}

static enum err file_copy(const char *path, const char *copy, struct fault *fault,
                          struct source_origin *origin)
{
    *origin = (struct source_origin){.json = "{\"kind\": \"sqlite\"}"};
    return access(path, R_OK) == 0 ? source_copy(path, copy, fault)
                                   : unreadable(fault, path, strerror(errno));
}

/* An address is never told: it may hold a password. */
enum err source_open(const struct import_options *options, struct fault *fault, struct source *out)
{
    struct source source = {.bytes = 0};
    bool is_url = import_is_address(options->file);
    const char *copy = NULL, *name = is_url ? "the legacy database" : options->file;
    enum err err = copy_place(fault, &copy);
    if (err)
        return err;
    err = is_url ? postgres_copy(options, copy, fault, &source.origin)
                 : file_copy(options->file, copy, fault, &source.origin);
    if (!err)
        err = copy_digest(copy, fault, &source);
    const char *uri = arena_format(fault->arena, "file:%s?mode=ro&immutable=1", copy);
    if (!err && sqlite3_open_v2(uri, &source.db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) != 0)
        err = unreadable(fault, name, sqlite3_errmsg(source.db));
    if (!err)
        distrust(source.db);
    if (!err)
        err = integrity_check(&source, name, fault);
    unlink(copy);
    if (err) {
        source_close(&source);
        return err;
    }
    identity_read(&source, fault);
    *out = source;
    return ERR_NONE;
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
