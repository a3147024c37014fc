#include "api/app/crossing.h"

#include "api/app/client.h"
#include "api/app/contract.h"
#include "db/clock.h"
#include "db/uuid.h"

#include <string.h>

enum { OK = 200, NOT_FOUND = 404, BROKEN = 500 };

static const char *const method_names[METHOD_COUNT] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

/* The clinic's name for {slug}; for any other the id of what nobody has. */
static const char *path_of(struct arena *arena, const char *pattern, const char *slug, bool *has_id)
{
    struct buf path;
    char id[UUID_TEXT];
    buf_begin(&path, arena, 128);
    *has_id = false;
    while (*pattern) {
        size_t length = strcspn(pattern, "{");
        buf_add(&path, pattern, length);
        pattern += length;
        if (*pattern == '\0')
            break;
        bool is_slug = strncmp(pattern, "{slug}", 6) == 0;
        buf_text(&path, is_slug ? slug : uuid_make(clock_now_us(), id));
        *has_id = *has_id || !is_slug;
        pattern += strcspn(pattern, "}") + 1;
    }
    return path.text;
}

static enum err ask(const struct crossing *crossing, const struct operation *operation,
                    const char *path, const char *token, struct fault *fault, int *status)
{
    struct client_answer answer;
    const struct client_call call = {
        .url = crossing->url,
        .method = method_names[operation->method],
        .path = path,
        .token = token,
        .if_match = operation->needs_if_match ? "\"1\"" : NULL,
        .body = operation->file   ? "--b--\r\n"
                : operation->body ? "{}"
                                  : NULL,
        .type = operation->file ? "multipart/form-data; boundary=b" : NULL,
    };
    enum err err = client_ask(&call, fault, &answer);
    if (!err)
        *status = answer.status;
    return err;
}

static void hole_tell(struct buf *out, const struct operation *operation, const char *whose,
                      int status, int *holes)
{
    buf_format(out, "FAILED %s %s with the token of %s: %d\n", method_names[operation->method],
               operation->path, whose, status);
    (*holes)++;
}

/* That a door is shut proves something only when it opens to the right key. */
static bool is_control(const struct operation *operation, bool has_id)
{
    bool needs_query = false;
    for (size_t i = 0; i < operation->query_n; i++)
        needs_query = needs_query || operation->query[i].is_required;
    return operation->method == METHOD_GET && !has_id && !needs_query && !operation->is_stream;
}

static enum err route_try(struct crossing *crossing, const struct operation *operation,
                          struct fault *fault, struct buf *out, int *holes)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault here = {.arena = &arena};
    bool has_id = false;
    int status = 0;
    const char *path = path_of(&arena, operation->path, crossing->slug, &has_id);
    enum err err = ask(crossing, operation, path, crossing->token, &here, &status);
    if (!err && status != NOT_FOUND)
        hole_tell(out, operation, "another clinic", status, holes);
    crossing->tried += !err;
    if (!err && is_control(operation, has_id)) {
        err = ask(crossing, operation, path, crossing->other_token, &here, &status);
        crossing->answered += !err && status == OK;
        if (!err && status >= BROKEN)
            hole_tell(out, operation, "the clinic itself", status, holes);
    }
    return err ? fail(fault, err, here.code, "%s", here.detail) : ERR_NONE;
}

enum err crossing_check(struct crossing *crossing, struct fault *fault, struct buf *out)
{
    struct document *document = NULL;
    int holes = 0;
    enum err err = contract_load(fault->arena, fault, &document);
    for (size_t i = 0; !err && i < document->operations_n; i++) {
        const struct operation *operation = &document->operations[i];
        if (operation->in_clinic && !operation->is_public)
            err = route_try(crossing, operation, fault, out, &holes);
    }
    if (!err && (holes > 0 || crossing->answered == 0))
        err = fail(fault, ERR_INTERNAL, "verification-failed",
                   "%d of %d routes are not what they must be for another clinic", holes,
                   crossing->tried);
    return err;
}
