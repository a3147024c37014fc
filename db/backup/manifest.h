/* What a backup says of itself: manifest.json. For db/backup/ only. */
#ifndef DB_BACKUP_MANIFEST_H
#define DB_BACKUP_MANIFEST_H

#include "db/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rows and their order-free checksum: a sum over a digest of each. */
struct table_sum {
    const char *name; /* "clinicd.patient" */
    int64_t rows;
    const char *checksum; /* decimal; too long for a number */
};

/* A row of clinicd.file, whose bytes are files/<clinic>/<end of the id>/<id>. */
struct file_mark {
    int64_t clinic;
    const char *id;
    int64_t size;
    const char *sha256;
    bool is_wanted; /* neither deleted nor known to be missing */
};

struct sequence_mark {
    const char *name;
    int64_t value; /* at the snapshot: the dump's own may be later, never earlier */
};

/* The tables and sequences are in the order of their names (bytes). */
struct manifest {
    const char *kind; /* "postgresql" "sqlite" */
    const char *id, *made_at, *tool;
    const char *payload, *sha256; /* "database.dump" "legacy.sqlite3" */
    int64_t bytes;
    /* of PostgreSQL only, else NULL */
    const char *database, *server_version, *system_identifier, *owner;
    const char *encoding, *collate, *ctype;
    const char *snapshot, *lsn, *dump_tool;
    int schema_version;
    struct table_sum *tables;
    size_t tables_n;
    struct sequence_mark *sequences;
    size_t sequences_n;
    const char **roles; /* that own something or were granted something */
    size_t roles_n;
    int64_t files, files_bytes; /* of the store */
    const char **missing;       /* "7001/0190…": rows whose file the store did not have */
    size_t missing_n;
};

void manifest_write(struct buf *out, const struct manifest *manifest);

/* "backup-damaged" when it is not one. The arena of the fault gets it. */
enum err manifest_read(const char *folder, struct fault *fault, struct manifest *out) FAILS;

int64_t manifest_rows(const struct manifest *manifest);

#endif
