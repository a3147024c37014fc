/* Reports in few words, in clinic A; see ask.h and form.h. */
#ifndef TESTS_HARNESS_REPORTS_H
#define TESTS_HARNESS_REPORTS_H

#include "tests/harness/form.h"
#include "tests/harness/objects.h"
#include "tests/harness/rx.h"
#include "tests/harness/specimen.h"

/* A file to send. NULL name: none. */
struct paper {
    const char *name, *type;
    struct buf bytes;
};

struct paper paper_pdf(struct world *world);
/* A PDF of about so many bytes, no two alike. */
struct paper paper_big(struct arena *arena, size_t bytes, unsigned seed);

/* POSTs it as `who` with the fields ("name=value", NULL-terminated) to "/clinics/clinic-a" and
 * path; header as form_send(). */
struct answer report_send(struct world *world, const char *who, const char *path,
                          struct paper paper, const char *const *fields, const char *header);

/* A medical report of a patient, by reception; dies unless it is made. */
struct answer report_make(struct world *world, int patient);
/* Its file's id, and "/clinics/clinic-a/files/<id><rest>". */
const char *report_file(const struct answer *report, const char *member);
const char *report_path(struct world *world, const struct answer *report, const char *rest);

/* "patients/<id>/<what>", without the clinic. */
const char *of_patient(struct world *world, int patient, const char *what);

/* The store as it is, checked: no row and no object alone, and nothing on the way. */
struct objects objects_now(struct world *world);

/* As world_restore(), and the store with it. */
void reports_restore(struct world *world);

#endif
