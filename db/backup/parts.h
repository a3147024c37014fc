/* What the files of db/backup/ share beside their own headers. */
#ifndef DB_BACKUP_PARTS_H
#define DB_BACKUP_PARTS_H

#include "db/backup.h"
#include "db/backup/folder.h"
#include "db/backup/manifest.h"

/* "clinicd-20261122T093000123Z", of now; made_at as RFC 3339. */
const char *backup_name(struct arena *arena, const char **made_at);

/* Writes the manifest, finishes the draft, and says what is to say of it. sha256: of the manifest.
 */
enum err backup_close(struct draft *draft, const struct manifest *manifest, int64_t began_us,
                      struct fault *fault, struct backup_facts *out, char sha256[],
                      const char **text) FAILS;

void backup_facts_fill(const struct manifest *manifest, struct backup_facts *out);

/* The store's files into the draft's files/: linked where that is possible, else copied. */
enum err draft_keep_files(struct draft *draft, const char *dir, struct fault *fault, int64_t *files,
                          int64_t *bytes) FAILS;

/* The tables of a SQLite file, likewise in the order of their names. */
enum err legacy_sums(const char *path, struct fault *fault, struct manifest *out) FAILS;

/* Every table of both, by name; sequences may have gone on since. */
size_t manifest_compare(const struct manifest *wanted, const struct manifest *found,
                        struct arena *arena, struct backup_difference **out);

#endif
