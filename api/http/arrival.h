/* A body that comes in parts (multipart/form-data: one file, and text beside it) while it comes in.
 * It began with the headers: routed, identified, permitted and within its bounds
 * (dispatch_admit()), so what is kept of it is kept for somebody who may send it.
 *
 *     server: headers are in        → dispatch_admit()    refused: answered, nothing was read
 *     server: a piece of a part     → arrival_take()      text to memory, the file to its spool
 *     server: the body is over      → arrival_finish()
 *     dispatch(): the ordinary way, whose body this is   → arrival_body(), request_upload()
 *     server: answered, or cut off  → arrival_free()      the spool is gone with it
 *
 * What is wrong with it is remembered and told when the request is dispatched; from then on nothing
 * more is kept. */
#ifndef API_HTTP_ARRIVAL_H
#define API_HTTP_ARRIVAL_H

#include "api/http/incoming.h"
#include "api/http/upload.h"

enum {
    ARRIVAL_PARTS_MAX = 32,
    ARRIVAL_TEXT_MAX = 16 * 1024, /* of one part of text */
    ARRIVAL_NAME_MAX = 64,        /* of a part's name */
    /* What a body may have over its file: the text, the boundaries, the parts' headers. */
    ARRIVAL_ROOM = ARRIVAL_PARTS_MAX * (ARRIVAL_TEXT_MAX + 2048),
    ARRIVAL_MOST_S = 30 * 60, /* who sends slower than that has not sent it */
};

struct arrival;

struct arrival *arrival_make(struct service *service, const struct operation *operation,
                             int64_t clinic_id);

/* A part, from its first piece (offset 0, may be empty) on. `file_name` is "" for text. False:
 * nothing more is wanted. */
bool arrival_take(struct arrival *arrival, const char *name, const char *file_name,
                  const char *media_type, const char *bytes, uint64_t offset, size_t length);

/* Ends badly: what the sentence says is wrong with the body. The first one stands. */
void arrival_refuse(struct arrival *arrival, const char *sentence);

/* It is longer than it may be. */
void arrival_refuse_length(struct arrival *arrival);

/* That was all of it. */
void arrival_finish(struct arrival *arrival);

bool arrival_is_refused(const struct arrival *arrival);

/* How long the whole body may be. */
uint64_t arrival_most(const struct arrival *arrival);

/* The text as an object, each member of the type that the schema wants if its text spells one, with
 * the file's name under the member that is the file; borrowed. Fails as the body failed. */
enum err arrival_body(struct arrival *arrival, struct fault *fault, json_t **out) FAILS;

/* What the request's digest is made of, as text in the arena. */
const char *arrival_digest(const struct arrival *arrival, struct arena *arena);

/* NULL: there is none. */
struct upload *arrival_upload(struct arrival *arrival);

void arrival_free(struct arrival *arrival); /* NULL is fine */

#endif
