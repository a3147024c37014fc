/* Asking in few words, in clinic A. Everything lives in the world's arena; an answer that does not
 * fit the document fails the test (http_send()). */
#ifndef TESTS_HARNESS_ASK_H
#define TESTS_HARNESS_ASK_H

#include "tests/harness/world.h"

/* "/clinics/clinic-a" and the rest, which is a printf format. */
const char *path_a(struct world *world, const char *format, ...) PRINTF(2, 3);
const char *id_a(struct world *world, int what);           /* as seed_id() */
const char *token_a(struct world *world, const char *who); /* as seed_token() */

struct answer ask(struct world *world, const char *method, const char *path, const char *token,
                  const char *body);
struct answer ask_if(struct world *world, const char *method, const char *path, const char *token,
                     const char *body, const char *if_match);
struct answer ask_keyed(struct world *world, const char *method, const char *path,
                        const char *token, const char *body, const char *idempotency_key);

struct answer sign_in_a(struct world *world, const char *username, const char *password);

/* Fails the test with the answer in the message. code NULL: any. */
void expect(const struct answer *answer, int status, const char *code);

/* A member of a member, as text: "" when it is no string. */
const char *text_in(const struct answer *answer, const char *object, const char *member);

/* The service's clock runs ahead by so much more than before. Put right by the program's end. */
void later(int64_t us);

#endif
