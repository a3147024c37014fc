/* Requests that are sent in the same moment, each over a connection and by a thread of its own. */
#ifndef TESTS_HARNESS_RACE_H
#define TESTS_HARNESS_RACE_H

#include "tests/harness/world.h"

#include <pthread.h>

struct racer {
    struct call call;     /* filled in by the test */
    struct arena arena;   /* of the call's texts and of the answer */
    struct answer answer; /* what came back */

    struct world *world;
    pthread_barrier_t *line;
    pthread_t thread;
};

/* All at once; every answer must come, and fit the document. */
void race(struct world *world, struct racer *racers, int n);

int race_count(const struct racer *racers, int n, int status);
void race_forget(struct racer *racers, int n);

#endif
