/* Backups of legacy SQLite files. */
#include "db/backup/parts.h"

#include "db/clock.h"
#include "db/import/source.h"
#include "db/uuid.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

enum { TABLES_MAX = 1000 };

/* 60 bits of a row's SHA-256, as of a row in PostgreSQL; the sum is taken modulo 2^64. */
static uint64_t row_digest(const struct buf *line)
{
    unsigned char sum[crypto_hash_sha256_BYTES];
    uint64_t number = 0;
    crypto_hash_sha256(sum, (const unsigned char *)line->text, line->length);
    for (size_t i = 0; i < sizeof number; i++)
        number = number << 8 | sum[i];
    return number >> 4;
}

static enum err table_sum(const struct source *source, struct fault *fault, struct table_sum *table)
{
    sqlite3_stmt *rows = NULL;
    uint64_t sum = 0;
    struct arena arena CLEANUP(arena_end) = {0};
    struct buf line;
    enum err err = source_prepare(source, fault, &rows, "SELECT * FROM \"%w\"", table->name);
    buf_begin(&line, &arena, 4096);
    while (!err && source_step(source, fault, &rows)) {
        line.length = 0;
        source_line(rows, &line);
        sum += row_digest(&line);
        table->rows++;
    }
    table->checksum = arena_format(fault->arena, "%" PRIu64, sum);
    return err ? err : fault->err;
}

enum err legacy_sums(const char *path, struct fault *fault, struct manifest *out)
{
    struct source source CLEANUP(source_close) = {.db = NULL};
    sqlite3_stmt *names = NULL;
    struct table_sum *tables = arena_array(fault->arena, struct table_sum, TABLES_MAX);
    size_t n = 0;
    const struct import_options options = {.file = path};
    enum err err = source_open(&options, fault, &source);
    if (!err)
        err = source_prepare(&source, fault, &names,
                             "SELECT name FROM sqlite_master WHERE type = 'table'"
                             "   AND rootpage > 0 AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name"
                             " LIMIT %d",
                             TABLES_MAX);
    while (!err && source_step(&source, fault, &names))
        tables[n++].name = arena_copy(fault->arena, (const char *)sqlite3_column_text(names, 0));
    if (!err)
        err = fault->err;
    for (size_t i = 0; !err && i < n; i++)
        err = table_sum(&source, fault, &tables[i]);
    out->tables = tables;
    out->tables_n = n;
    return err;
}

/* What SQLite says names our draft; the operator knows the file by its own name. */
static enum err payload_make(const char *file, const char *copy, struct fault *fault,
                             struct manifest *manifest)
{
    struct fault aside = {.arena = fault->arena};
    int fd =
        access(file, R_OK) == 0 ? open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return fail(fault, ERR_CONFLICT, "import-unreadable", "%s cannot be backed up: %s", file,
                    strerror(errno));
    close(fd);
    if (source_copy(file, copy, &aside)) /* its words are about the operator's file */
        return fail(fault, ERR_CONFLICT, "import-unreadable", "%s", aside.detail);
    if (legacy_sums(copy, &aside, manifest))
        return fail(fault, ERR_CONFLICT, "import-unreadable",
                    "%s cannot be backed up: it is damaged, or no SQLite database", file);
    return ERR_NONE;
}

enum err backup_legacy(const struct backup_options *options, const char *file, const char *to,
                       struct fault *fault, struct backup_facts *out)
{
    struct draft draft CLEANUP(draft_drop) = {.path = NULL};
    struct manifest manifest = {
        .kind = "sqlite", .tool = "clinicd " CLINICD_VERSION, .payload = "legacy.sqlite3"};
    char id[UUID_TEXT], digest[DIGEST_TEXT], sha256[DIGEST_TEXT];
    const char *text = NULL;
    int64_t began_us = clock_monotonic_us();
    const char *name = backup_name(fault->arena, &manifest.made_at);
    manifest.id = uuid_make(clock_now_us(), id);
    enum err err = draft_begin(to, arena_format(fault->arena, "%s-legacy", name), fault, &draft);
    if (!err)
        err = payload_make(file, arena_format(fault->arena, "%s/%s", draft.path, manifest.payload),
                           fault, &manifest);
    if (!err)
        err = draft_seal(&draft, manifest.payload, fault, &manifest.bytes, digest);
    manifest.sha256 = digest;
    if (!err)
        err = backup_close(&draft, &manifest, began_us, fault, out, sha256, &text);
    if (err)
        return err;
    out->id = arena_copy(fault->arena, id);
    out->not_noted = NULL; /* it is of no database of ours */
    (void)options;
    return ERR_NONE;
}
