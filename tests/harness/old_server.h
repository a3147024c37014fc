/* A server of another age: it lets everybody in, says of itself what it is told to say, and answers
 * every question with nothing. On loopback, in a thread, until it is stopped. */
#ifndef TESTS_HARNESS_OLD_SERVER_H
#define TESTS_HARNESS_OLD_SERVER_H

#include <pthread.h>

struct old_server {
    int listener, port;
    const char *version; /* "14.9" */
    char url[96];
    pthread_t thread;
};

void old_server_start(const char *version, struct old_server *out);
void old_server_stop(struct old_server *server);

#endif
