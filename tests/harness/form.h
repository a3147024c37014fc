/* A body in parts (multipart/form-data), spelled by hand, so that tests may also misspell it.
 *
 *     struct form form;
 *     form_begin(&form, &world.arena);
 *     form_text(&form, "report_type", "X-Ray");
 *     form_file(&form, "chest.pdf", "application/pdf", pdf.text, pdf.length);
 *     struct answer answer = form_send(&world, "POST", path, token, &form, NULL);
 */
#ifndef TESTS_HARNESS_FORM_H
#define TESTS_HARNESS_FORM_H

#include "db/buf.h"
#include "tests/harness/world.h"

#define FORM_BOUNDARY "2f6b1c9d0e47boundary"
#define FORM_TYPE "multipart/form-data; boundary=" FORM_BOUNDARY

struct form {
    struct buf body;
};

void form_begin(struct form *form, struct arena *arena);
void form_text(struct form *form, const char *name, const char *value);
/* The part "file". `name` goes as it is between the quotes. type NULL: the part says none. */
void form_file(struct form *form, const char *name, const char *type, const void *bytes, size_t n);
void form_end(struct form *form);

/* Ends the form and sends it; `header`, one more ("If-Match: \"1\""), or NULL. */
struct answer form_send(struct world *world, const char *method, const char *path,
                        const char *token, struct form *form, const char *header);

#endif
