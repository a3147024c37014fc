#include "api/http/multipart.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* No blank, no quote: nothing that one reader ends where another goes on. */
static const char boundary_characters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "abcdefghijklmnopqrstuvwxyz'()+_,-./:=?";

bool multipart_boundary(const char *content_type, char out[MULTIPART_BOUNDARY_MAX + 1])
{
    static const char type[] = "multipart/form-data", name[] = "boundary=";
    if (!content_type || strncasecmp(content_type, type, sizeof type - 1) != 0)
        return false;
    const char *at = content_type + sizeof type - 1;
    at += strspn(at, " \t");
    if (*at++ != ';')
        return false;
    at += strspn(at, " \t");
    if (strncasecmp(at, name, sizeof name - 1) != 0)
        return false;
    at += sizeof name - 1;
    bool is_quoted = *at == '"';
    at += is_quoted;
    size_t length = strspn(at, boundary_characters);
    const char *end = at + length + (is_quoted && at[length] == '"');
    if (!length || length > MULTIPART_BOUNDARY_MAX || *end || (is_quoted && end[-1] != '"'))
        return false;
    memcpy(out, at, length);
    out[length] = '\0';
    return true;
}

void multipart_begin(struct multipart *multipart, const char *boundary, multipart_sink sink,
                     void *user)
{
    size_t length = strlen(boundary);
    *multipart = (struct multipart){.sink = sink, .user = user, .matched = 2};
    memcpy(multipart->delimiter, "\r\n--", 4);
    memcpy(multipart->delimiter + 4, boundary, length);
    multipart->delimiter_length = 4 + length; /* of the first one the line's end is missing */
}

bool multipart_is_whole(const struct multipart *multipart)
{
    return multipart->state == MULTIPART_EPILOGUE && multipart->matched != 1;
}

static bool broken(struct multipart *multipart, const char *fault)
{
    multipart->state = MULTIPART_BROKEN;
    multipart->fault = fault;
    return false;
}

static bool give(struct multipart *multipart, const char *bytes, size_t length)
{
    multipart->is_begun = true;
    if (!multipart->sink(multipart->user, &multipart->part, bytes, multipart->offset, length))
        return broken(multipart, NULL);
    multipart->offset += length;
    return true;
}

/* --- a step a state: each takes at least one byte, and says how many in *used ------------------
 */

static bool step_opening(struct multipart *multipart, const char *bytes, size_t length,
                         size_t *used)
{
    (void)length;
    *used = 1;
    if (*bytes != multipart->delimiter[multipart->matched])
        return broken(multipart, "the body does not begin with its boundary");
    if (++multipart->matched == multipart->delimiter_length) {
        multipart->state = MULTIPART_BEHIND;
        multipart->matched = 0;
    }
    return true;
}

static bool step_behind(struct multipart *multipart, const char *bytes, size_t length, size_t *used)
{
    (void)length;
    *used = 1;
    bool is_first = multipart->matched == 0, is_last = multipart->is_last;
    if (is_first && (*bytes == '\r' || *bytes == '-')) {
        multipart->is_last = *bytes == '-';
        multipart->matched = 1;
        return true;
    }
    if (is_first || *bytes != (is_last ? '-' : '\n'))
        return broken(multipart, "a line begins as the boundary does");
    multipart->matched = 0;
    multipart->head_length = 0;
    multipart->state = is_last ? MULTIPART_EPILOGUE : MULTIPART_HEAD;
    return true;
}

static bool begin_part(struct multipart *multipart)
{
    multipart->head[multipart->head_length] = '\0';
    if (strlen(multipart->head) != multipart->head_length)
        return broken(multipart, "a part's headers have a NUL");
    const char *fault = multipart_read_head(multipart->head, &multipart->part);
    if (fault)
        return broken(multipart, fault);
    multipart->state = MULTIPART_BODY;
    multipart->offset = 0;
    multipart->is_begun = false;
    multipart->matched = 0;
    return true;
}

static bool step_head(struct multipart *multipart, const char *bytes, size_t length, size_t *used)
{
    const char *newline = memchr(bytes, '\n', length);
    size_t n = newline ? (size_t)(newline - bytes) + 1 : length;
    *used = n;
    if (multipart->head_length + n > MULTIPART_HEAD_MAX)
        return broken(multipart, "a part's headers are too long");
    memcpy(multipart->head + multipart->head_length, bytes, n);
    multipart->head_length += n;
    size_t at = multipart->head_length;
    const char *head = multipart->head;
    bool is_over = newline && at >= 2 && head[at - 2] == '\r' && (at == 2 || head[at - 3] == '\n');
    return !is_over || begin_part(multipart);
}

/* How far the delimiter goes on here. The only CR in it is its first byte, so after a byte that
 * does not fit it may begin at that byte, but nowhere before. */
static size_t match(const struct multipart *multipart, const char *bytes, size_t length)
{
    size_t n = 0;
    while (n < length && multipart->matched + n < multipart->delimiter_length &&
           bytes[n] == multipart->delimiter[multipart->matched + n])
        n++;
    return n;
}

/* Gives all bytes up to the delimiter, or to where it may have begun, at once: a file of nothing
 * but CRs costs no more calls than any other. */
static bool step_body(struct multipart *multipart, const char *bytes, size_t length, size_t *used)
{
    size_t from = 0, at = 0;
    do {
        if (!multipart->matched) {
            const char *cr = memchr(bytes + at, '\r', length - at);
            at = cr ? (size_t)(cr - bytes) : length;
        }
        size_t begun = at, n = match(multipart, bytes + at, length - at);
        size_t held = multipart->matched;
        at += n;
        if (held + n == multipart->delimiter_length || at == length) {
            multipart->matched = held + n;
            *used = at;
            if (begun > from && !give(multipart, bytes + from, begun - from))
                return false;
        } else if (held && !give(multipart, multipart->delimiter, held)) {
            return false; /* what an earlier piece ended with was no boundary */
        } else {
            multipart->matched = 0;
        }
    } while (at < length && multipart->matched < multipart->delimiter_length);
    if (multipart->matched < multipart->delimiter_length)
        return true;
    multipart->matched = 0;
    multipart->state = MULTIPART_BEHIND;
    return multipart->is_begun || give(multipart, "", 0);
}

static bool step_epilogue(struct multipart *multipart, const char *bytes, size_t length,
                          size_t *used)
{
    (void)length;
    *used = 1;
    if (multipart->matched == 2 || *bytes != "\r\n"[multipart->matched])
        return broken(multipart, "something stands behind the last boundary");
    multipart->matched++;
    return true;
}

static bool step_broken(struct multipart *multipart, const char *bytes, size_t length, size_t *used)
{
    (void)multipart;
    (void)bytes;
    *used = length;
    return false;
}

bool multipart_feed(struct multipart *multipart, const char *bytes, size_t length)
{
    static bool (*const steps[])(struct multipart *, const char *, size_t, size_t *) = {
        [MULTIPART_OPENING] = step_opening,   [MULTIPART_BEHIND] = step_behind,
        [MULTIPART_HEAD] = step_head,         [MULTIPART_BODY] = step_body,
        [MULTIPART_EPILOGUE] = step_epilogue, [MULTIPART_BROKEN] = step_broken,
    };
    bool is_good = multipart->state != MULTIPART_BROKEN;
    for (size_t at = 0, used = 0; is_good && at < length; at += used)
        is_good = steps[multipart->state](multipart, bytes + at, length - at, &used);
    return is_good;
}
