/* The header Range (RFC 9110 14.2) against a file of so many bytes. */
#ifndef API_HTTP_RANGE_H
#define API_HTTP_RANGE_H

#include <stdint.h>

enum range {
    RANGE_ALL,  /* not asked for, or not understood (several, another unit): as if not said */
    RANGE_PART, /* from and length say which; length > 0 */
    RANGE_NONE, /* the file has none of it */
};

/* "bytes=5-9", "bytes=5-" or "bytes=-5"; NULL is all. Changes *from and *length for RANGE_PART
 * only. */
enum range range_read(const char *header, uint64_t size, uint64_t *from, uint64_t *length);

#endif
