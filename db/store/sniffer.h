/* Looks into files that strangers sent, in processes that can do nothing else: no file system, no
 * network, no new programs (seccomp), little memory and time (rlimits), one fresh process for each
 * file, so that what one file breaks no other file meets. They come from a parent of their own
 * (the keeper), which is forked before the first thread and never reads a byte of a file.
 *
 *     sniffer_start(fault, &sniffer)                 before the first thread
 *     sniffer_judge(sniffer, spool, name, type, …)   any thread; bounded in time
 *
 * A process that dies or hangs refuses its file; a keeper that dies is forked again. */
#ifndef DB_STORE_SNIFFER_H
#define DB_STORE_SNIFFER_H

#include "db/error.h"

#include <stdint.h>

struct sniffer;
struct spool;

struct verdict {
    const char *media_type; /* a literal: "application/pdf", "image/jpeg", "image/png" */
    int width, height;      /* of an image, else 0 */
};

enum { LOGO_MOST_WIDTH = 1200, LOGO_MOST_HEIGHT = 400 };

/* ERR_INTERNAL: no processes, no libmagic, no seccomp. */
enum err sniffer_start(struct fault *fault, struct sniffer **out) FAILS;
void sniffer_stop(struct sniffer *sniffer); /* NULL is fine */

/* What the finished spool really holds. `name` is the label that it came with and `declared_type`
 * the part's Content-Type or NULL: extension, declared type and content must say the same.
 *
 * ERR_INPUT unsupported-media-type (415): none of PDF, JPEG, PNG, or the three differ.
 * ERR_INPUT file-refused (422), with the reason as detail: empty, truncated, more behind its end,
 * something else inside (a page, a script, an archive), a PDF that acts (scripts, programs,
 * attachments, forms that send) or is encrypted, an image of more than 50 megapixels, or what
 * the sniffer did not survive.
 * ERR_UNAVAILABLE store-unavailable (503): too many at once. */
enum err sniffer_judge(struct sniffer *sniffer, const struct spool *spool, const char *name,
                       const char *declared_type, struct fault *fault, struct verdict *out) FAILS;

/* The same of a file that is open, for whoever keeps nothing of it: `size` bytes from its start. */
enum err sniffer_judge_open(struct sniffer *sniffer, int file, uint64_t size, const char *name,
                            const char *declared_type, struct fault *fault,
                            struct verdict *out) FAILS;

/* What a name says: a literal as in the verdict, or NULL. For files that come with no other word of
 * their type. */
const char *sniffer_type_of_name(const char *name);

/* Decodes the PNG or JPEG that was judged and writes a clean PNG into `clean`, which is open and
 * not finished: at most LOGO_MOST_WIDTH × LOGO_MOST_HEIGHT, scaled down, pixels and nothing else.
 * ERR_INPUT file-refused: it cannot be decoded, or has more than 16 megapixels. */
enum err sniffer_repaint(struct sniffer *sniffer, const struct spool *spool, struct spool *clean,
                         struct fault *fault, struct verdict *out) FAILS;

#endif
