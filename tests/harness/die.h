/* How the harness gives up: a test that lost its footing has no use for an error value. */
#ifndef TESTS_HARNESS_DIE_H
#define TESTS_HARNESS_DIE_H

/* Prints the sentence on standard error and ends the program with status 1. */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
