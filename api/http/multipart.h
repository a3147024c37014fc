/* multipart/form-data (RFC 7578) as it comes, in pieces of any size, at constant memory.
 *
 * Strict: the body begins with the boundary, ends with the closing one and nothing behind it; lines
 * end in CRLF; a part has one Content-Disposition of form-data with a quoted name; nothing is
 * encoded or nested. What is not so is a fault, told in a sentence, and the end: nothing of it is
 * guessed. (libmicrohttpd's own reader skips what it does not understand and takes a body without
 * its end for whole.) */
#ifndef API_HTTP_MULTIPART_H
#define API_HTTP_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MULTIPART_BOUNDARY_MAX = 70, /* RFC 2046 */
    MULTIPART_HEAD_MAX = 2048,   /* of a part's headers */
};

/* A part's headers. Texts are the parser's and change with the next part. */
struct multipart_part {
    const char *name;
    const char *file_name;  /* "": none */
    const char *media_type; /* NULL: none */
};

/* The next bytes of a part. Of each part there is one call with offset 0, which may bring none.
 * False: nothing more is wanted. */
typedef bool (*multipart_sink)(void *user, const struct multipart_part *part, const char *bytes,
                               uint64_t offset, size_t length);

enum multipart_state {
    MULTIPART_OPENING,  /* the first boundary */
    MULTIPART_BEHIND,   /* a boundary has been read: CRLF, or the "--" of the last one */
    MULTIPART_HEAD,     /* a part's headers */
    MULTIPART_BODY,     /* a part's bytes */
    MULTIPART_EPILOGUE, /* behind the last boundary: CRLF or nothing */
    MULTIPART_BROKEN,   /* `fault` says why */
};

struct multipart {
    enum multipart_state state;
    const char *fault; /* NULL: not wanted any more */
    char delimiter[MULTIPART_BOUNDARY_MAX + 5];
    size_t delimiter_length;
    size_t matched; /* of the delimiter, or of what stands behind it */
    bool is_last;   /* behind a boundary: its first "-" was there */
    char head[MULTIPART_HEAD_MAX + 1];
    size_t head_length;
    struct multipart_part part;
    uint64_t offset; /* of the part's bytes */
    bool is_begun;   /* the sink knows of the part */
    multipart_sink sink;
    void *user;
};

/* The boundary that a Content-Type names. False: it is no multipart/form-data with one of 1 to 70
 * letters, digits and '()+_,-./:=? (RFC 2046). */
bool multipart_boundary(const char *content_type, char out[MULTIPART_BOUNDARY_MAX + 1]);

void multipart_begin(struct multipart *multipart, const char *boundary, multipart_sink sink,
                     void *user);

/* False: it is broken, or nothing more is wanted. */
bool multipart_feed(struct multipart *multipart, const char *bytes, size_t length);

/* Was the closing boundary there? */
bool multipart_is_whole(const struct multipart *multipart);

/* Reads the headers of a part (NUL-terminated lines with CRLF, changed in place) into *out; NULL or
 * what is wrong with them. */
const char *multipart_read_head(char *head, struct multipart_part *out);

#endif
