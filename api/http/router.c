#include "api/http/router.h"

#include <string.h>
#include <utf8proc.h>

enum { SEGMENTS_MAX = 16 };

struct segment {
    const char *text; /* not NUL-terminated */
    size_t length;
    uint32_t hash;
};

struct edge {
    struct segment name;
    struct node *node; /* NULL: an empty slot */
};

/* What follows after some segments: names through a hash table of their own, or any text. */
struct node {
    struct edge *edges; /* slots, a power of two; NULL: none */
    size_t slots, edges_n;
    struct node *parameter;
    const struct operation *operations[METHOD_COUNT];
    const char *allow; /* NULL: no path ends here */
};

struct router {
    struct node root;
    struct arena *arena;
};

static uint32_t hash_of(const char *text, size_t length)
{
    uint32_t hash = 2166136261U; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619U;
    return hash;
}

/* The slot that has this name, or the empty one where it belongs. */
static struct edge *edge_slot(struct edge *edges, size_t slots, const struct segment *name)
{
    size_t at = name->hash & (slots - 1);

    while (edges[at].node != NULL &&
           (edges[at].name.hash != name->hash || edges[at].name.length != name->length ||
            memcmp(edges[at].name.text, name->text, name->length) != 0))
        at = (at + 1) & (slots - 1);
    return &edges[at];
}

static struct node *node_child(const struct node *node, const struct segment *name)
{
    return node->slots > 0 ? edge_slot(node->edges, node->slots, name)->node : NULL;
}

static void node_grow(struct arena *arena, struct node *node)
{
    size_t slots = node->slots > 0 ? node->slots * 2 : 4;
    struct edge *edges = arena_array(arena, struct edge, slots);

    for (size_t i = 0; i < node->slots; i++) {
        if (node->edges[i].node != NULL)
            *edge_slot(edges, slots, &node->edges[i].name) = node->edges[i];
    }
    node->edges = edges;
    node->slots = slots;
}

static struct node *node_add(struct arena *arena, struct node *node, const struct segment *name)
{
    struct node *child = node_child(node, name);

    if (child != NULL)
        return child;
    if (node->edges_n * 2 >= node->slots)
        node_grow(arena, node);
    struct edge *edge = edge_slot(node->edges, node->slots, name);
    *edge = (struct edge){*name, arena_new(arena, struct node)};
    node->edges_n++;
    return edge->node;
}

/* Down one segment of a template: "clinics" or "{slug}". NULL: it is neither. */
static struct node *node_step(struct arena *arena, struct node *node, const char *text,
                              size_t length)
{
    struct segment name = {text, length, hash_of(text, length)};
    bool is_parameter = length > 2 && text[0] == '{' && text[length - 1] == '}';

    if (length == 0 || (!is_parameter && memchr(text, '{', length) != NULL))
        return NULL;
    if (!is_parameter)
        return node_add(arena, node, &name);
    if (node->parameter == NULL)
        node->parameter = arena_new(arena, struct node);
    return node->parameter;
}

static enum err operation_add(struct router *router, const struct operation *operation,
                              struct fault *fault)
{
    struct node *node = &router->root;
    size_t segments = 0;

    for (const char *p = operation->path; *p == '/' && node != NULL; segments++) {
        size_t length = strcspn(p + 1, "/");
        node = node_step(router->arena, node, p + 1, length);
        p += 1 + length;
    }
    if (node == NULL || segments == 0 || segments > SEGMENTS_MAX)
        return fail(fault, ERR_INTERNAL, NULL, "%s: the path %s cannot be routed", operation->id,
                    operation->path);
    if (node->operations[operation->method] != NULL)
        return fail(fault, ERR_INTERNAL, NULL, "%s and %s have the same method and path",
                    operation->id, node->operations[operation->method]->id);
    node->operations[operation->method] = operation;
    return ERR_NONE;
}

static const char *allow_text(struct arena *arena, const struct node *node)
{
    bool has_get = node->operations[METHOD_GET] != NULL;

    return arena_format(arena, "%s%s%s%s%s%s",
                        node->operations[METHOD_DELETE] != NULL ? "DELETE, " : "",
                        has_get ? "GET, HEAD, " : "", "OPTIONS",
                        node->operations[METHOD_PATCH] != NULL ? ", PATCH" : "",
                        node->operations[METHOD_POST] != NULL ? ", POST" : "",
                        node->operations[METHOD_PUT] != NULL ? ", PUT" : "");
}

static void allow_fill(struct arena *arena, struct node *node)
{
    for (unsigned method = 0; method < METHOD_COUNT; method++) {
        if (node->operations[method] != NULL && node->allow == NULL)
            node->allow = allow_text(arena, node);
    }
    for (size_t i = 0; i < node->slots; i++) {
        if (node->edges[i].node != NULL)
            allow_fill(arena, node->edges[i].node);
    }
    if (node->parameter != NULL)
        allow_fill(arena, node->parameter);
}

enum err router_make(const struct document *document, struct fault *fault,
                     const struct router **out)
{
    struct router *router = arena_new(document->arena, struct router);

    router->arena = document->arena;
    for (size_t i = 0; i < document->operations_n; i++) {
        enum err err = operation_add(router, &document->operations[i], fault);
        if (err != ERR_NONE)
            return err;
    }
    allow_fill(router->arena, &router->root);
    *out = router;
    return ERR_NONE;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Undoes the percent escapes, once. False: a bad escape, or a slash that hides in one. */
static bool segment_decode(struct arena *arena, struct segment *segment)
{
    char *out = arena_take(arena, segment->length + 1);
    size_t n = 0;

    for (size_t i = 0; i < segment->length; i++) {
        char c = segment->text[i];
        if (c == '%') {
            if (i + 2 >= segment->length)
                return false;
            int high = hex_digit(segment->text[i + 1]), low = hex_digit(segment->text[i + 2]);
            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            if (c == '/')
                return false;
            i += 2;
        }
        out[n++] = c;
    }
    segment->text = out;
    segment->length = n;
    return true;
}

/* UTF-8 without control characters. */
static bool is_clean_unicode(const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                              (utf8proc_ssize_t)(length - at), &c);
        if (n <= 0 || c < 0x20 || (c >= 0x7F && c < 0xA0))
            return false;
        at += (size_t)n;
    }
    return true;
}

static bool is_clean(const char *text, size_t length)
{
    if (length == 0 || (length <= 2 && text[0] == '.' && text[length - 1] == '.'))
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c >= 0x7F)
            return is_clean_unicode(text, length);
    }
    return true;
}

/* Cuts the path into clean segments. False: it cannot be the path of anything. */
static bool path_cut(const char *path, struct arena *arena, struct segment out[SEGMENTS_MAX],
                     size_t *n)
{
    *n = 0;
    if (*path != '/')
        return false;
    for (const char *p = path; *p == '/';) {
        if (*n == SEGMENTS_MAX)
            return false;
        size_t length = strcspn(p + 1, "/");
        struct segment *segment = &out[(*n)++];
        *segment = (struct segment){.text = p + 1, .length = length};
        if (memchr(segment->text, '%', length) != NULL && !segment_decode(arena, segment))
            return false;
        if (!is_clean(segment->text, segment->length))
            return false;
        segment->hash = hash_of(segment->text, segment->length);
        p += 1 + length;
    }
    return true;
}

/* The node where the path ends. A name wins over a parameter, but when nothing follows from the
 * name the parameter gets its chance. `taken` says which segments were parameters. */
static const struct node *node_find(const struct node *node, const struct segment *segments,
                                    size_t n, unsigned bit, unsigned *taken)
{
    if (n == 0)
        return node->allow != NULL ? node : NULL;
    const struct node *child = node_child(node, segments);
    const struct node *found =
        child != NULL ? node_find(child, segments + 1, n - 1, bit << 1, taken) : NULL;
    if (found != NULL || node->parameter == NULL)
        return found;
    found = node_find(node->parameter, segments + 1, n - 1, bit << 1, taken);
    if (found != NULL)
        *taken |= bit;
    return found;
}

/* METHOD_COUNT: none that has operations. */
static enum method method_find(const char *name)
{
    static const struct {
        const char *name;
        enum method method;
    } methods[] = {
        {"GET", METHOD_GET}, {"POST", METHOD_POST},     {"PATCH", METHOD_PATCH},
        {"PUT", METHOD_PUT}, {"DELETE", METHOD_DELETE}, {"HEAD", METHOD_GET},
    };

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(methods[i].name, name) == 0)
            return methods[i].method;
    }
    return METHOD_COUNT;
}

void router_find(const struct router *router, const char *method, const char *path,
                 struct arena *arena, struct route *out)
{
    struct segment segments[SEGMENTS_MAX];
    size_t n, values = 0;
    unsigned taken = 0;

    *out = (struct route){.operation = NULL};
    if (!path_cut(path, arena, segments, &n))
        return;
    const struct node *node = node_find(&router->root, segments, n, 1, &taken);
    if (node == NULL)
        return;
    enum method found = method_find(method);
    out->path_is_known = true;
    out->allow = node->allow;
    out->operation = found != METHOD_COUNT ? node->operations[found] : NULL;
    for (size_t i = 0; i < n && values < PATH_PARAMETERS_MAX; i++) {
        if (taken >> i & 1)
            out->values[values++] = arena_copy_n(arena, segments[i].text, segments[i].length);
    }
}
