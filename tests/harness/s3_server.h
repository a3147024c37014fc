/* A real S3 server in a process of its own (harness/s3/server.js), on a free port of loopback, with
 * one bucket. It ends with the test, however that ends. */
#ifndef TESTS_HARNESS_S3_SERVER_H
#define TESTS_HARNESS_S3_SERVER_H

#include "db/store/store.h"

#include <sys/types.h>

struct s3_server {
    pid_t pid;
    int input; /* it lives as long as this is open */
    int port;
    char url[64]; /* of the bucket, with a prefix */
    char folder[40];
};

void s3_server_start(struct s3_server *server);
void s3_server_stop(struct s3_server *server);

/* Fills in what a store needs to use the bucket. */
void s3_server_options(const struct s3_server *server, struct store_options *out);

/* The next n requests meet trouble: a status ("503"), "hang", or "cut". */
void s3_server_trouble(const struct s3_server *server, const char *mode, int n);

/* How many requests came since it was last asked. */
int s3_server_asked(const struct s3_server *server);

#endif
