/* UUID version 7 (RFC 9562): made here, so that an audit row can name a thing before it exists. */
#ifndef DB_UUID_H
#define DB_UUID_H

#include <stdbool.h>
#include <stdint.h>

enum { UUID_TEXT = 37 };

/* A new one: milliseconds of now_us, then 74 random bits (libsodium). */
const char *uuid_make(int64_t now_us, char out[UUID_TEXT]);

bool uuid_is_valid(const char *text); /* 8-4-4-4-12, lower or upper case, any version */
bool uuid_is_v7(const char *text);

#endif
