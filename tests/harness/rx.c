#include "tests/harness/rx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void rx_colleague(struct world *world)
{
    sql_run(world->boss,
            "INSERT INTO clinicd.account (clinic_id, id, username, role, first_name, last_name, "
            "password_hash, must_change_password, created_at, updated_at) SELECT clinic_id, "
            "'0190a000-0000-7000-8000-aa0000000222', 'colleague-aa', role, 'Second', 'Doctor', "
            "password_hash, false, created_at, updated_at FROM clinicd.account WHERE id = '%s' ON "
            "CONFLICT DO NOTHING; "
            "INSERT INTO clinicd.doctor (clinic_id, id, specialization, license_number) VALUES "
            "(7001, '0190a000-0000-7000-8000-aa0000000222', 'Medicine', 'LIC-second') ON CONFLICT "
            "DO NOTHING; "
            "INSERT INTO clinicd.session (clinic_id, id, account_id, access_hash, "
            "access_expires_at, family_hash, refresh_hash, refresh_expires_at, ends_at, "
            "idle_seconds, last_seen_at, created_at) SELECT clinic_id, "
            "'0190a000-0000-7000-8000-aa0000000322', '0190a000-0000-7000-8000-aa0000000222', "
            "encode(sha256('%s'), 'hex'), access_expires_at, encode(sha256('second'), 'hex'), "
            "encode(sha256('second one'), 'hex'), refresh_expires_at, ends_at, idle_seconds, "
            "last_seen_at, created_at FROM clinicd.session WHERE account_id = '%s' ON CONFLICT DO "
            "NOTHING",
            id_a(world, SEED_DOCTOR), token_a(world, "colleague"), id_a(world, SEED_DOCTOR));
}

struct answer rx_make(struct world *world, int patient, const char *more)
{
    struct answer made =
        ask(world, "POST", path_a(world, "/prescriptions"), token_a(world, "doctor"),
            arena_format(&world->arena, "{\"patient_id\": \"%s\"%s}", id_a(world, patient), more));
    expect(&made, 201, NULL);
    return made;
}

const char *rx_path(struct world *world, const struct answer *rx, const char *rest)
{
    return path_a(world, "/prescriptions/%s%s", answer_text(rx, "id"), rest);
}

const char *rx_etag(struct world *world, const struct answer *answer)
{
    json_int_t version = json_integer_value(json_object_get(answer->json, "version"));
    return arena_format(&world->arena, "\"%" JSON_INTEGER_FORMAT "\"", version);
}

struct answer rx_do(struct world *world, const struct answer *rx, const char *who,
                    const char *method, const char *rest, const char *body)
{
    return ask_if(world, method, rx_path(world, rx, rest), token_a(world, who), body,
                  rx_etag(world, rx));
}

const char *const rx_states[RX_STATES] = {"pending", "completed", "cancelled"};

const char *rx_verb(enum rx_state to)
{
    static const char *const verbs[RX_STATES] = {"/reopen", "/complete", "/cancel"};
    return verbs[to];
}

const char *rx_reason(enum rx_state to)
{
    return to == RX_IS_CANCELLED ? "{\"reason\": \"Mistake\"}" : NULL;
}

struct answer rx_step(struct world *world, const struct answer *rx, const char *who,
                      enum rx_state to)
{
    return rx_do(world, rx, who, "POST", rx_verb(to), rx_reason(to));
}

struct answer rx_in(struct world *world, enum rx_state to)
{
    struct answer rx = rx_make(world, SEED_PATIENT_OWN,
                               ", \"medicines\": [{" RX_MEDICINE "}], \"tests\": [{" RX_TEST
                               "}], \"vitals\": {\"pulse\": 72}, \"notes\": {" RX_NOTES "}");
    if (to != RX_IS_PENDING)
        rx = rx_step(world, &rx, "doctor", to);
    assert_string_equal(answer_text(&rx, "status"), rx_states[to]);
    return rx;
}

struct answer rx_read(struct world *world, const struct answer *rx)
{
    struct answer read = ask(world, "GET", rx_path(world, rx, ""), token_a(world, "doctor"), NULL);
    expect(&read, 200, NULL);
    return read;
}

const json_t *rx_item(const struct answer *answer, const char *list, size_t i)
{
    return json_array_get(json_object_get(answer->json, list), i);
}

const char *rx_text(const struct answer *answer, const char *list, size_t i, const char *member)
{
    const char *text = json_string_value(json_object_get(rx_item(answer, list, i), member));
    return text ? text : "";
}

size_t rx_count(const struct answer *answer, const char *list)
{
    return json_array_size(json_object_get(answer->json, list));
}
