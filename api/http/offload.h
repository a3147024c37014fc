/* A few nice'd threads for CPU-heavy or blocking work, so that it never slows other requests.
 * So many run, so many wait, each only for a while; beyond that the answer is "overloaded" (429).
 */
#ifndef API_HTTP_OFFLOAD_H
#define API_HTTP_OFFLOAD_H

#include "db/error.h"

#include <stdint.h>

struct offload;

/* wait_ms: how long a job waits for its turn. */
struct offload *offload_start(int threads, int queue_max, int wait_ms);
void offload_stop(struct offload *offload);

/* Runs work(job) on one of the threads and waits for it until deadline_us (monotonic). release(job)
 * is called exactly once, when neither side needs it any more. */
enum err offload_run(struct offload *offload, void (*work)(void *job), void *job,
                     void (*release)(void *job), int64_t deadline_us, struct fault *fault) FAILS;

#endif
