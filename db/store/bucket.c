/* A bucket in place of the folder: the same names, under the prefix. */
#include "db/clock.h"
#include "db/store/parts.h"
#include "db/store/s3.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    STATUS_OK = 200,
    STATUS_PART = 206,
    STATUS_NONE = 404,
    STATUS_RANGE = 416,
    STATUS_FULL = 507
};

static const char *key_of(struct arena *arena, const struct s3 *s3, int64_t clinic, const char *id)
{
    return arena_format(arena, "%s%" PRId64 "/%s/%s", s3_prefix(s3), clinic,
                        id + UUID_TEXT - PLACE_TEXT, id);
}

static enum err missing(struct fault *fault, const char *key)
{
    return fail_quietly(fault, ERR_INTERNAL, "file-missing", "the bucket: %s is not there", key);
}

/* What the server says about it, "AccessDenied", is in the text of its answer. */
static enum err unexpected(struct fault *fault, const struct s3_answer *answer, const char *what)
{
    if (answer->status == STATUS_FULL)
        return fail(fault, ERR_INPUT, "insufficient-storage", NULL);
    const char *code = answer->body.length ? strstr(answer->body.text, "<Code>") : NULL;
    return fail_quietly(fault, ERR_UNAVAILABLE, "store-unavailable",
                        "the bucket: %s: status %ld %.*s", what, answer->status,
                        code ? (int)strcspn(code + 6, "<") : 0, code ? code + 6 : "");
}

enum err bucket_keep(struct s3 *s3, const struct spool *spool, const char *id, struct fault *fault)
{
    struct s3_request request = {.method = "PUT",
                                 .key = key_of(fault->arena, s3, spool->clinic, id),
                                 .sha256 = spool->sha256,
                                 .body = spool->reading_fd,
                                 .body_size = spool->size};
    struct s3_answer answer;
    enum err err = s3_ask(s3, &request, fault, &answer);
    if (!err && answer.status != STATUS_OK)
        err = unexpected(fault, &answer, "a file cannot be put");
    return err;
}

enum err bucket_remove(struct s3 *s3, int64_t clinic, const char *id, struct fault *fault)
{
    struct s3_request request = {.method = "DELETE", .key = key_of(fault->arena, s3, clinic, id)};
    struct s3_answer answer;
    enum err err = s3_ask(s3, &request, fault, &answer);
    if (!err && answer.status / 100 != 2 && answer.status != STATUS_NONE)
        err = unexpected(fault, &answer, "a file cannot be removed");
    return err;
}

enum err bucket_look(struct s3 *s3, int64_t clinic, const char *id, struct fault *fault,
                     uint64_t *size)
{
    struct s3_request request = {.method = "HEAD", .key = key_of(fault->arena, s3, clinic, id)};
    struct s3_answer answer;
    enum err err = s3_ask(s3, &request, fault, &answer);
    if (!err && answer.status == STATUS_NONE)
        err = missing(fault, request.key);
    else if (!err && answer.status != STATUS_OK)
        err = unexpected(fault, &answer, "a file cannot be looked at");
    if (!err)
        *size = answer.length;
    return err;
}

/* The whole length stands in Content-Range, so one request finds and checks and reads. */
enum err bucket_read(struct s3 *s3, int64_t clinic, const char *id, uint64_t offset,
                     uint64_t length, struct fault *fault, uint64_t *size, struct s3_stream **out)
{
    struct s3_request request = {
        .method = "GET",
        .key = key_of(fault->arena, s3, clinic, id),
        .range = arena_format(fault->arena, "%" PRIu64 "-%" PRIu64, offset, offset + length - 1)};
    struct s3_answer answer;
    struct s3_stream *stream = NULL;
    enum err err = s3_stream_open(s3, &request, fault, &answer, &stream);
    if (!err && (answer.status == STATUS_NONE || answer.status == STATUS_RANGE))
        err = missing(fault, request.key);
    else if (!err && answer.status != STATUS_PART)
        err = unexpected(fault, &answer, "a file cannot be read");
    if (err) {
        s3_stream_close(stream);
        return err;
    }
    *size = answer.total;
    *out = stream;
    return ERR_NONE;
}

/* --- the list ------------------------------------------------------------------------------- */

/* The text of the first <name> in [from, to), or "". Ids, dates and numbers hold no entities. */
static const char *element(struct arena *arena, const char *from, const char *to, const char *name)
{
    const char *open = arena_format(arena, "<%s>", name);
    const char *at = memmem(from, (size_t)(to - from), open, strlen(open));
    at = at ? at + strlen(open) : to;
    return arena_copy_n(arena, at, at < to ? strcspn(at, "<") : 0);
}

static int64_t time_read(const char *text)
{
    struct tm time = {0};
    return strptime(text, "%Y-%m-%dT%H:%M:%S", &time) ? timegm(&time) * INT64_C(1000000)
                                                      : clock_now_us();
}

/* False: no more. */
static bool entry_show(struct arena *arena, const char *from, const char *to, store_visit visit,
                       void *user)
{
    const char *key = element(arena, from, to, "Key");
    const char *name = strrchr(key, '/');
    if (!name || !uuid_is_valid(name + 1))
        return true;
    struct store_object object = {.size = strtoull(element(arena, from, to, "Size"), NULL, 10),
                                  .changed_us =
                                      time_read(element(arena, from, to, "LastModified"))};
    memcpy(object.name, name + 1, sizeof object.name);
    return visit(user, &object);
}

/* One page; `token` is that of the next, or "". */
static bool page_show(struct arena *arena, const struct buf *page, store_visit visit, void *user,
                      const char **token)
{
    static const char begin[] = "<Contents>", end[] = "</Contents>";
    bool goes_on = true;
    const char *at = strstr(page->text, begin);
    *token = element(arena, page->text, page->text + page->length, "NextContinuationToken");
    while (at && goes_on) {
        const char *to = strstr(at, end);
        if (!to)
            break;
        goes_on = entry_show(arena, at, to, visit, user);
        at = strstr(to, begin);
    }
    return goes_on;
}

static char *escaped(struct arena *arena, const char *text)
{
    char *out = curl_easy_escape(NULL, text, 0);
    char *kept = arena_copy(arena, out ? out : "");
    curl_free(out);
    return kept;
}

enum err bucket_walk(struct s3 *s3, int64_t clinic, store_visit visit, void *user,
                     struct fault *fault)
{
    const char *token = "";
    struct arena kept = {0}; /* the token */
    enum err err = ERR_NONE;
    for (bool goes_on = true; !err && goes_on;) {
        struct arena arena CLEANUP(arena_end) = {0};
        struct fault here = {.arena = &arena};
        const char *prefix = arena_format(&arena, "%s%" PRId64 "/", s3_prefix(s3), clinic);
        const char *next = "";
        struct s3_answer answer;
        struct s3_request request = {.method = "GET", .key = ""};
        request.query = arena_format(&arena, "%s%s%slist-type=2&max-keys=250&prefix=%s",
                                     token[0] ? "continuation-token=" : "",
                                     token[0] ? escaped(&arena, token) : "", token[0] ? "&" : "",
                                     escaped(&arena, prefix));
        err = s3_ask(s3, &request, &here, &answer);
        if (!err && answer.status != STATUS_OK)
            err = unexpected(&here, &answer, "its list cannot be read");
        if (err) {
            fail_quietly(fault, err, here.code, "%s", here.reason ? here.reason : "-");
            break;
        }
        goes_on = page_show(&arena, &answer.body, visit, user, &next) && next[0];
        arena_end(&kept);
        token = arena_copy(&kept, next);
    }
    arena_end(&kept);
    return err;
}
