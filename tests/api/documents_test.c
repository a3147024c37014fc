/* A prescription on paper: who gets it, in which form, and that what was issued never changes. */
#include "db/keys.h"
#include "tests/harness/pdf.h"
#include "tests/harness/rx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void with_address(struct service_options *options)
{
    options->public_url = "https://clinic.example";
}

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "documents", .adjust = with_address});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static struct answer paper(struct world *world, const char *who, const struct answer *rx,
                           const char *query)
{
    const char *path = arena_format(&world->arena, "%s%s", rx_path(world, rx, "/document"), query);
    return ask(world, "GET", path, token_a(world, who), NULL);
}

static const char *words(struct world *world, const struct answer *answer)
{
    return pdf_words(&world->arena, answer->body, answer->length);
}

static const char *header(struct world *world, const struct answer *answer, const char *name)
{
    return answer_header(&world->arena, answer, name, NULL);
}

static void says(struct world *world, const struct answer *answer, const char *text)
{
    if (!strstr(words(world, answer), text))
        fail_msg("it does not say %s but\n%s", text, words(world, answer));
}

static void a_completed_prescription_is_a_pdf(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    struct answer pdf = paper(world, "doctor", &rx, "");
    expect(&pdf, 200, NULL);
    assert_string_equal(header(world, &pdf, "Content-Type"), "application/pdf");
    assert_string_equal(header(world, &pdf, "Content-Language"), "en");
    assert_memory_equal(pdf.body, "%PDF-", 5);
    says(world, &pdf, answer_text(&rx, "rx_number"));
    says(world, &pdf, "Paracetamol");
    assert_null(strstr(words(world, &pdf), "DRAFT"));
    assert_string_equal(
        header(world, &pdf, "Content-Disposition"),
        arena_format(&world->arena, "inline; filename=\"%s.pdf\"", answer_text(&rx, "rx_number")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_completed_prescription_is_a_pdf),
    };
    return cmocka_run_group_tests_name("documents", tests, setup, teardown);
}
