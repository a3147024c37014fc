/* What a handler answers. Nothing is written to the connection before the transaction is committed;
 * ETag, Location, Link, view (x-hide) and gzip are the machinery's.
 *
 * All give ERR_NONE, or ERR_NOT_FOUND when there is no row to show. */
#ifndef API_HTTP_REPLY_H
#define API_HTTP_REPLY_H

#include "api/http/request.h"
#include "db/buf.h"

/* The operation's success status with the first row as a bare object; ETag from its `version`
 * column; 201 gets Location: <path>/<_made_id, or else id column>. */
enum err reply_row(struct request *request, const struct rows *rows) FAILS;

/* {"items": […], "next_cursor": …} and the total when it is >= 0. */
enum err reply_list(struct request *request, const struct rows *rows, int64_t total) FAILS;

/* The success status and JSON text of the handler's own making (ends in the arena). */
enum err reply_text(struct request *request, const struct buf *json) FAILS;

/* As reply_row() with one more member whose value is JSON text: {…row…, "admin": {…}}. */
enum err reply_row_and(struct request *request, const struct rows *rows, const char *member,
                       const char *json) FAILS;

/* And with several: JSON text of members, without braces. */
enum err reply_row_with(struct request *request, const struct rows *rows,
                        const char *members) FAILS;

/* 204, or any success status without body. */
enum err reply_empty(struct request *request) FAILS;

/* Bytes that are not JSON (a page, a document). Borrowed until sent. */
enum err reply_bytes(struct request *request, const char *content_type, const void *bytes,
                     size_t length) FAILS;

/* The language of the answer: the one that the tag names, or with NULL the one that the request's
 * Accept-Language likes best. Says so in Content-Language (and Vary). */
enum language reply_language(struct request *request, const char *tag);

/* One more header; a second of the same name replaces the first. */
void reply_header(struct request *request, const char *name, const char *value);

/* A POST whose own id is taken already says where that record is (id-taken); any other failure
 * stays as it is. Gives err back. */
enum err reply_twin(struct request *request, enum err err) FAILS;

#endif
