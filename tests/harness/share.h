/* Share links in few words, in clinic A; see rx.h. */
#ifndef TESTS_HARNESS_SHARE_H
#define TESTS_HARNESS_SHARE_H

#include "tests/harness/rx.h"

/* "/clinics/clinic-a/prescriptions/<id of the answer>/share-links<rest>" */
const char *share_path(struct world *world, const struct answer *rx, const char *rest);

/* What `who` gets who shares it; body NULL: "{}". */
struct answer share(struct world *world, const struct answer *rx, const char *who,
                    const char *body);

/* The doctor's; dies unless it is made. */
struct answer share_made(struct world *world, const struct answer *rx, const char *body);

/* "/shared/<token>" of a link that was made. */
const char *share_link(const struct answer *made);

/* Opened as data by nobody in particular. */
struct answer share_open(struct world *world, const char *link);

/* The link as the doctor's list shows it: members of the one with the answer's id. */
const json_t *share_listed(struct world *world, const struct answer *rx, const struct answer *made);
const char *share_state(struct world *world, const struct answer *rx, const struct answer *made);

#endif
