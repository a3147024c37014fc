#include "db/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

/* What tests may move, and they do it while other threads read it. */
static _Atomic int64_t shift_us, stopped_us; /* stopped 0: it runs */

static int64_t read_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
    int64_t stopped = atomic_load_explicit(&stopped_us, memory_order_relaxed);
    return (stopped ? stopped : read_us(CLOCK_REALTIME)) +
           atomic_load_explicit(&shift_us, memory_order_relaxed);
}

int64_t clock_monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

const char *clock_text(int64_t us, int digits, char out[CLOCK_TEXT])
{
    int64_t fraction = us % 1000000;
    if (fraction < 0)
        fraction += 1000000; /* before 1970 a moment still lies after its whole second */
    time_t seconds = (time_t)((us - fraction) / 1000000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t length = strftime(out, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
    if (digits == 3)
        snprintf(out + length, CLOCK_TEXT - length, ".%03dZ", (int)(fraction / 1000));
    else if (digits == 6)
        snprintf(out + length, CLOCK_TEXT - length, ".%06dZ", (int)fraction);
    else
        snprintf(out + length, CLOCK_TEXT - length, "Z");
    return out;
}

void clock_shift(int64_t us)
{
    atomic_store_explicit(&shift_us, us, memory_order_relaxed);
}

void clock_stop(void)
{
    atomic_store_explicit(&stopped_us, read_us(CLOCK_REALTIME), memory_order_relaxed);
}
