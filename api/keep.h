/* From what came with a request to a file that a row may name: judged, then kept under its new
 * name, then named; in this order, so that no row is ever without its bytes.
 *
 *     struct file_facts facts;
 *     enum err err = keep_file(request, &facts);
 *     if (!err)
 *         err = keep_settle(request, report_create(…, &facts, …));
 *
 * A handler that is run again keeps nothing twice. What a crash leaves unnamed, and what may or may
 * not have been named when the database went away, the sweep takes (db/store/). */
#ifndef API_KEEP_H
#define API_KEEP_H

#include "api/http/request.h"
#include "models/file/file.h"

/* ERR_INPUT unsupported-media-type or file-refused, and what store_keep() fails with. When the
 * request was answered before, there is nothing to keep and the facts are empty. */
enum err keep_file(struct request *request, struct file_facts *out) FAILS;

/* As keep_file(), for a picture that is painted anew: nothing of what came is kept. */
enum err keep_logo(struct request *request, struct file_facts *out) FAILS;

/* What became of the row. No row: no file. Gives err back. */
enum err keep_settle(struct request *request, enum err err) FAILS;

#endif
