/* The gates before anything is looked up: framing (no request smuggling), URL, headers, media
 * types. libmicrohttpd is lenient (two Content-Length, Content-Length with Transfer-Encoding, no
 * Host): what it lets through is refused here and the connection closed. */
#ifndef API_HTTP_GATE_H
#define API_HTTP_GATE_H

#include "api/http/incoming.h"
#include "api/http/request.h"

enum { URL_MAX = 8192 };

/* Framing, Host, URL length. The fault's code says which; the connection must be closed then. */
enum err gate_message(struct request *request) FAILS;

/* Against the operation: body length, Content-Type, Content-Encoding, Accept, unwanted body. */
enum err gate_content(struct request *request) FAILS;

/* The client's address: the socket's, or behind configured proxies the right-most address in
 * X-Forwarded-For that is not one of theirs. */
const char *gate_client_address(const struct request *request);

/* Is `item` in a comma list (exact, surrounding blanks ignored)? A NULL list has nothing in it. */
bool gate_listed(const char *list, const char *item);

/* Does an Accept-like header take this value: "gzip" or "application/json"? NULL accepts. */
bool gate_accepts(const char *header, const char *value);

#endif
