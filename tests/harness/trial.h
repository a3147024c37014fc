/* The service with three operations more, for tests of how files come and go whatever they are of:
 *
 *     POST /clinics/{slug}/trial          takes `file`, and beside it `note`, `count`, `is_good`;
 * keeps it; for administrators. Answers {id, name, type, size, sha256, note, count, is_good} GET
 * /clinics/{slug}/trial/{id}     gives it back: ?size=&sha256=&name=&type= say what the row would
 *
 * PUT takes the same. A file may have TRIAL_MOST bytes, with PUT as many as usual. */
#ifndef TESTS_HARNESS_TRIAL_H
#define TESTS_HARNESS_TRIAL_H

#include "tests/harness/world.h"

enum { TRIAL_MOST = 100 * 1000 };

struct trial {
    struct arena arena;
    struct world world;
    struct document *document; /* with the three */
    struct client *client;     /* that knows them */
    const char *admin;         /* a token of clinic A */
};

/* `adjust` instead of the trial's own bound, or NULL. */
void trial_begin(struct trial *trial, const char *name,
                 void (*adjust)(struct service_options *options));
void trial_end(struct trial *trial);

/* How many files there are of clinic A: kept, and arriving. */
int trial_kept(const struct trial *trial);
int trial_arriving(const struct trial *trial);

/* Waits until as many are arriving; false: not within the time of a hang. */
bool trial_wait_arriving(const struct trial *trial, int n);

#endif
