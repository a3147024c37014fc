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

/* The bytes of every row's file into the draft's files/. What the store does not have as the row
 * says, and should, is in the manifest's list; ERR_UNAVAILABLE: the store itself fails. */
enum err draft_keep_files(struct draft *draft, const struct backup_options *options,
                          const struct file_mark *marks, size_t n, struct fault *fault,
                          struct manifest *out) FAILS;

/* Whether the backup has every file that the restored rows name; appends what it lacks. */
enum err dump_compare_files(const char *folder, const struct manifest *manifest,
                            const struct file_mark *marks, size_t n, struct fault *fault,
                            struct restore_report *report) FAILS;

/* Puts them into the store. */
enum err dump_put_files(const struct backup_options *options, const char *folder,
                        const struct file_mark *marks, size_t n, struct fault *fault,
                        int64_t *put) FAILS;

/* The tables of a SQLite file, likewise in the order of their names. */
enum err legacy_sums(const char *path, struct fault *fault, struct manifest *out) FAILS;

/* Every table of both, by name; sequences may have gone on since. */
size_t manifest_compare(const struct manifest *wanted, const struct manifest *found,
                        struct arena *arena, struct backup_difference **out);

#endif
