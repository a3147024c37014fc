/* Asks a virus scanner about a file: clamd over its socket (INSTREAM), or any program. Nobody waits
 * for it but the custodian; what it does not answer stays as it was.
 *
 *     unix:/run/clamav/clamd.ctl      tcp:127.0.0.1:3310
 *     command:/usr/local/bin/scan     the file on its standard input; it exits with 0, clean,
 *                                     or 1, infected; everything else is no answer
 */
#ifndef DB_STORE_SCAN_H
#define DB_STORE_SCAN_H

#include "db/store/store.h"

struct scanner;

enum scan { SCAN_CLEAN, SCAN_INFECTED };

/* ERR_INPUT, for the operator: this is no scanner's address. */
enum err scanner_make(const char *address, int timeout_s, struct fault *fault,
                      struct scanner **out) FAILS;
void scanner_free(struct scanner *scanner); /* NULL is fine */

/* Reads the file to its end. ERR_UNAVAILABLE scanner-unavailable: it is away, or silent for longer
 * than its timeout, or says what we do not understand; the reason has its words. ERR_INTERNAL: the
 * file broke off. */
enum err scanner_ask(const struct scanner *scanner, struct store_reader *file, struct fault *fault,
                     enum scan *out) FAILS;

#endif
