/* The one thread that looks after the files: asks the scanner about those that wait, soon after
 * they came and again until it answers, and once an hour compares rows and store in every clinic
 * (models/file/custody.h). Whatever it finds wrong is a line in the log and a number in the
 * metrics.
 */
#ifndef API_HTTP_CUSTODIAN_H
#define API_HTTP_CUSTODIAN_H

#include "models/file/custody.h"

struct custodian;

struct custodian_stats {
    uint64_t scanned, infected, removed;
    uint64_t waiting;         /* for the scanner, when it was asked last */
    uint64_t missing, strays; /* when all was looked at last */
    uint64_t rounds,
        failures; /* hourly looks, and those of all kinds that did not come to an end */
};

/* `custody` is copied; what it names outlives the custodian. */
struct custodian *custodian_start(const struct custody *custody);
void custodian_stop(struct custodian *custodian); /* NULL is fine */

/* A file came that waits for the scanner. NULL is fine. */
void custodian_wake(struct custodian *custodian);

/* NULL: all zero. */
void custodian_stats_read(struct custodian *custodian, struct custodian_stats *out);

#endif
