/* Acceptance scenario 6 of the domain (its appendix C), told through the public API alone. */
#include "db/clock.h"
#include "tests/harness/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { PHONES = 3 };

static const int64_t hour_us = (int64_t)3600 * 1000 * 1000;

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "scenarios_share"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

/* Whose phone was typed so; with a completed prescription. */
static struct answer prescribed_to(struct world *world, const char *phone)
{
    struct answer patient =
        ask(world, "POST", path_a(world, "/patients"), token_a(world, "receptionist"),
            arena_format(&world->arena,
                         "{\"name\": \"Kavita Deshmukh\", \"date_of_birth\": \"1988-09-30\", "
                         "\"phone_number\": \"%s\", \"address\": \"5 Mill Road\"}",
                         phone));
    expect(&patient, 201, NULL);
    struct answer rx = ask(
        world, "POST", path_a(world, "/prescriptions"), token_a(world, "doctor"),
        arena_format(&world->arena, "{\"patient_id\": \"%s\", \"medicines\": [{" RX_MEDICINE "}]}",
                     answer_text(&patient, "id")));
    expect(&rx, 201, NULL);
    rx = rx_step(world, &rx, "doctor", RX_IS_COMPLETED);
    expect(&rx, 200, NULL);
    return rx;
}

static struct answer send_by(struct world *world, const struct answer *rx, const char *query)
{
    return ask(world, "POST", share_path(world, rx, query), token_a(world, "doctor"),
               "{\"expires_in_hours\": 24}");
}

/* "Share link: ten-digit Indian number gets +91; unknown method 400; expired link 410" */
static void scenario_6_a_share_link(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *typed, *e164;
    } phones[PHONES] = {{"98900 43210", "+919890043210"},
                        {"09890043211", "+919890043211"},
                        {"+1 415 555 0123", "+14155550123"}};
    struct answer rx = {0}, made = {0};
    for (size_t i = 0; i < PHONES; i++) {
        rx = prescribed_to(world, phones[i].typed);
        made = send_by(world, &rx, "");
        expect(&made, 201, NULL);
        assert_string_equal(answer_text(&made, "method"), "whatsapp");
        assert_string_equal(answer_text(&made, "phone_e164"), phones[i].e164);
        const char *wa = arena_format(&world->arena, "https://wa.me/%s?text=", phones[i].e164 + 1);
        assert_memory_equal(answer_text(&made, "send_url"), wa, strlen(wa));
        struct answer sms = send_by(world, &rx, "?method=sms");
        expect(&sms, 201, NULL);
        const char *to = arena_format(&world->arena, "sms:%s?body=", phones[i].e164);
        assert_memory_equal(answer_text(&sms, "send_url"), to, strlen(to));
    }
    struct answer odd = send_by(world, &rx, "?method=pigeon");
    expect(&odd, 400, "malformed-parameter");

    struct answer shown = share_open(world, share_link(&made));
    expect(&shown, 200, NULL);
    later(23 * hour_us);
    shown = share_open(world, share_link(&made));
    expect(&shown, 200, NULL);
    later(hour_us);
    shown = share_open(world, share_link(&made));
    expect(&shown, 410, "share-link-expired");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(scenario_6_a_share_link)};
    clock_stop();
    return cmocka_run_group_tests_name("scenarios of sharing", tests, setup, teardown);
}
