/* The key file itself: read, checked, made when it is not there (format: db/keys.h). For keys.c. */
#ifndef DB_KEY_FILE_H
#define DB_KEY_FILE_H

#include "db/keys.h"

enum { KEYS_MAX = 32 };

struct key_file {
    size_t count; /* at least one after key_file_read() */
    struct key_entry {
        int64_t id;
        unsigned char master[SECRET_BYTES];
    } entries[KEYS_MAX];
};

/* Makes the file when there is none. ERR_INTERNAL: the fault says what is wrong with it. */
enum err key_file_read(const char *path, struct fault *fault, struct key_file *out) FAILS;

/* Forgets the keys. */
void key_file_wipe(struct key_file *file);

#endif
