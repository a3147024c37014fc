/* The one clock of the program. Durations are monotonic; the wall clock can be moved by tests,
 * never by anything else. Every SQL statement gets its time from here as $now (a lint refuses
 * now() in models). */
#ifndef DB_CLOCK_H
#define DB_CLOCK_H

#include <stddef.h>
#include <stdint.h>

enum { CLOCK_TEXT = 32 }; /* room for "2026-11-22T09:00:00.123456Z" */

int64_t clock_now_us(void);       /* microseconds since 1970, UTC */
int64_t clock_monotonic_us(void); /* microseconds since some start; for deadlines and durations */

/* RFC 3339, UTC, with "Z"; `digits` of the fraction: 0, 3 or 6. */
const char *clock_text(int64_t us, int digits, char out[CLOCK_TEXT]);

/* Tests only: moves the wall clock by so many microseconds against the real one. */
void clock_shift(int64_t us);

/* Tests only: the wall clock stands still at this moment, and moves by clock_shift() alone. */
void clock_stop(void);

#endif
