/* A scanner as clamd is one, on a socket of its own: it speaks INSTREAM and finds the bytes EICAR.
 * It can be told to misbehave. */
#ifndef TESTS_HARNESS_CLAMD_H
#define TESTS_HARNESS_CLAMD_H

#include <pthread.h>
#include <stdatomic.h>

enum clamd_mood {
    CLAMD_WELL,
    CLAMD_SILENT,  /* takes all and says nothing */
    CLAMD_GARBAGE, /* says something that means nothing */
    CLAMD_REFUSES, /* "INSTREAM size limit exceeded. ERROR", and closes at once */
};

struct clamd {
    char path[64];    /* of the socket */
    char address[80]; /* as the setting says it */
    int listener;
    pthread_t thread;
    atomic_int mood;
    atomic_int asked;
    atomic_bool is_over;
};

void clamd_start(struct clamd *clamd);
void clamd_stop(struct clamd *clamd);

#endif
