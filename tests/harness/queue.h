/* Listening to the queue of clinic A: what was heard, and things to hear. What does not come within
 * QUEUE_WAIT_MS fails the test. */
#ifndef TESTS_HARNESS_QUEUE_H
#define TESTS_HARNESS_QUEUE_H

#include "tests/harness/ears.h"
#include "tests/harness/world.h"

enum {
    QUEUE_WAIT_MS = 20000,
    QUEUE_NAME_TEXT = 24,
    QUEUE_DATA_TEXT = 512,
    QUEUE_NOTES_MOST = 4096
};

/* What all listeners of a test heard, in order. */
struct notes {
    size_t n;
    struct note {
        const struct ear *ear;
        int64_t id;
        char name[QUEUE_NAME_TEXT];
        char data[QUEUE_DATA_TEXT];
    } all[QUEUE_NOTES_MOST];
};

/* Listeners as clinic A's receptionist, not yet opened. ears_end() is the caller's. */
void queue_ears(struct world *world, struct ears *ears, size_t n, struct notes *notes);

/* One, opened and greeted. */
struct ear *queue_ear(struct world *world, struct ears *ears, struct notes *notes);

/* Hears until so many notes are there; no more may have come. */
void queue_hear(struct ears *ears, struct notes *notes, size_t n);

/* Hears until that stream has ended, in good order and with that remark. */
void queue_hear_end(struct ears *ears, struct ear *ear, const char *why);

/* So many events in clinic A, each in a transaction of its own. */
void queue_change(struct world *world, int n);
int64_t queue_last(struct world *world); /* the number of the newest */

int queue_open_streams(struct world *world);

/* Rows as at the beginning, and nobody listens: that a client has gone is found when it is written
 * to. */
void queue_fresh(struct world *world, struct notes *notes);

#endif
