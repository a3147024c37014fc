/* Between the service and the sniffer's keeper: one message a file, with descriptors for the
 * file, for the answer (a pipe), and for what is repainted. */
#ifndef DB_STORE_SNIFFER_PARTS_H
#define DB_STORE_SNIFFER_PARTS_H

#include "db/store/look.h"

enum { SNIFF_FILE, SNIFF_ANSWER, SNIFF_CANVAS, SNIFF_DESCRIPTORS };

enum {
    JUDGE_S = 10,                     /* a process that lives longer is killed by its alarm */
    REPAINTED_MOST = 8 * 1024 * 1024, /* bytes: 1200 × 400 × 4 and their frames are less */
};

struct sniff_request {
    uint64_t size;
    uint32_t most_width, most_height; /* of what is repainted; 0: only judge */
};

/* From a process that may belong to a file: any numbers may be in it. */
struct sniff_answer {
    int look, kind;
    uint32_t width, height; /* of the file; of the new one when it was repainted */
};

/* Never returns: takes requests from the socket until its other end is closed. Forked, with nothing
 * open but this socket. Says one byte when it is ready, after each time that it had to begin. */
void keeper_run(int socket) __attribute__((noreturn));

#endif
