/* The files of reports: out of the legacy folder, past the sniffer, into the store, by the rules of
 * an upload. For db/import/ only.
 *
 * A chunk of reports has two transactions. The first writes down where its files will lie
 * (ops.import_file), then they are put there, each durable, and the second loads the rows. Killed
 * between the two, the next run puts them again, under the same ids; taken back, all that was
 * written down is removed. So nothing is in the store that nobody knows.
 */
#ifndef DB_IMPORT_FILES_H
#define DB_IMPORT_FILES_H

#include "db/import.h"
#include "db/import/source.h"
#include "db/import/target.h"

struct load;
struct sniffer;
struct store;

struct files {
    int media; /* the folder, or -1 */
    struct store *store;
    struct sniffer *sniffer;
    uint64_t most; /* bytes of one */
};

enum {
    FILES_CHUNK = 100,    /* reports: as many as are put between two transactions */
    FILES_TELL_EVERY = 10 /* of them, the progress */
};

/* Before the first thread and the first secret: it starts the sniffer. Without options->files
 * nothing is open; in a dry run there is no store. */
enum err files_open(const struct import_options *options, struct fault *fault,
                    struct files *out) FAILS;
void files_close(struct files *files);

/* Why a file that is open may not come, by name: "file-refused"; NULL: it may. */
enum err files_judge(struct sniffer *sniffer, int file, uint64_t size, const char *path,
                     struct fault *fault, const char **code, const char **media_type) FAILS;

/* The files of the chunk that is staged, into the store; then the second transaction is open and
 * has their rows. `done` of `total` rows are behind. */
enum err files_keep(struct load *load, const struct import_step *step, int64_t done,
                    int64_t total) FAILS;

/* Reads every file of the import a second time, there and here. "verification-failed": they differ,
 * or from what is written down. */
enum err files_verify(struct load *load, const struct import_step *step) FAILS;

/* Removes what an import that was taken back has in the store. */
enum err files_remove(struct target *target, const struct store_options *options,
                      const char *id) FAILS;

#endif
