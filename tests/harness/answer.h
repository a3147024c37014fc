/* What an answer must be, whatever was asked: judged for every answer that the tests' client gets.
 */
#ifndef TESTS_HARNESS_ANSWER_H
#define TESTS_HARNESS_ANSWER_H

#include "tests/harness/http.h"

#include "db/buf.h"

/* Fills operation, json and flaw of an answer whose status, head and body are there. A gzipped body
 * is unpacked first. */
void answer_judge(const struct document *document, struct arena *arena, const struct call *call,
                  struct answer *answer);

/* The operation that a request line means, by our own reading of the document; NULL: none. */
const struct operation *operation_of(const struct document *document, const char *method,
                                     const char *path);

/* NULL: the operation documents no such status. */
const struct response *response_of(const struct operation *operation, int status);

#endif
