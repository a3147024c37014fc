#include "tests/harness/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

const char *share_path(struct world *world, const struct answer *rx, const char *rest)
{
    return rx_path(world, rx, arena_format(&world->arena, "/share-links%s", rest));
}

struct answer share(struct world *world, const struct answer *rx, const char *who, const char *body)
{
    return ask(world, "POST", share_path(world, rx, ""), token_a(world, who), body ? body : "{}");
}

struct answer share_made(struct world *world, const struct answer *rx, const char *body)
{
    struct answer made = share(world, rx, "doctor", body);
    expect(&made, 201, NULL);
    return made;
}

const char *share_link(const struct answer *made)
{
    const char *link = strstr(answer_text(made, "url"), "/shared/");
    assert_non_null(link);
    return link;
}

struct answer share_open(struct world *world, const char *link)
{
    return ask(world, "GET", arena_format(&world->arena, "%s?format=json", link), NULL, NULL);
}

const json_t *share_listed(struct world *world, const struct answer *rx, const struct answer *made)
{
    struct answer list =
        ask(world, "GET", share_path(world, rx, ""), token_a(world, "doctor"), NULL);
    expect(&list, 200, NULL);
    for (size_t i = 0; i < rx_count(&list, "items"); i++)
        if (strcmp(rx_text(&list, "items", i, "id"), answer_text(made, "id")) == 0)
            return rx_item(&list, "items", i);
    fail_msg("%s is not in the list", answer_text(made, "id"));
    return NULL;
}

const char *share_state(struct world *world, const struct answer *rx, const struct answer *made)
{
    return json_string_value(json_object_get(share_listed(world, rx, made), "state"));
}
