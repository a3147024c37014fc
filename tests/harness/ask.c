#include "tests/harness/ask.h"

#include "db/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

const char *path_a(struct world *world, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *rest = arena_vformat(&world->arena, format, args);
    va_end(args);
    return arena_format(&world->arena, "/clinics/%s%s", seed_a.slug, rest);
}

const char *id_a(struct world *world, int what)
{
    return seed_id(&seed_a, what, arena_take(&world->arena, UUID_TEXT));
}

const char *token_a(struct world *world, const char *who)
{
    return seed_token(&seed_a, who, arena_take(&world->arena, TOKEN_TEXT));
}

static struct answer send(struct world *world, const struct call *call)
{
    struct answer answer;
    http_send(world->client, &world->arena, call, &answer);
    return answer;
}

struct answer ask(struct world *world, const char *method, const char *path, const char *token,
                  const char *body)
{
    return ask_if(world, method, path, token, body, NULL);
}

struct answer ask_if(struct world *world, const char *method, const char *path, const char *token,
                     const char *body, const char *if_match)
{
    return send(
        world,
        &(struct call){
            .method = method, .path = path, .token = token, .body = body, .if_match = if_match});
}

struct answer ask_keyed(struct world *world, const char *method, const char *path,
                        const char *token, const char *body, const char *idempotency_key)
{
    const char *header = arena_format(&world->arena, "Idempotency-Key: %s", idempotency_key);
    return send(
        world,
        &(struct call){
            .method = method, .path = path, .token = token, .body = body, .headers = {header}});
}

struct answer sign_in_a(struct world *world, const char *username, const char *password)
{
    return ask(world, "POST", path_a(world, "/auth/login"), NULL,
               arena_format(&world->arena, "{\"username\":\"%s\",\"password\":\"%s\"}", username,
                            password));
}

void expect(const struct answer *answer, int status, const char *code)
{
    if (answer->status != status || (code && strcmp(answer_code(answer), code) != 0))
        fail_msg("%d, expected %d %s\n%s", answer->status, status, code ? code : "", answer->body);
}

const char *text_in(const struct answer *answer, const char *object, const char *member)
{
    const char *text =
        json_string_value(json_object_get(json_object_get(answer->json, object), member));
    return text ? text : "";
}

void later(int64_t us)
{
    static int64_t ahead_us;
    ahead_us += us;
    clock_shift(ahead_us);
}
