/* What a paper says: every line that the domain asks for (5.5), and nothing where there is nothing.
 */
#include "api/document/render.h"
#include "api/http/document.h"
#include "tests/unit/document/facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static json_t *document;

static int setup(void **state)
{
    (void)state;
    document = arena_json(&arena, json_loadb(document_bytes, document_bytes_n, 0, NULL));
    return document ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_end(&arena);
    return 0;
}

static json_t *facts(void)
{
    return arena_json(&arena, json_loads(FACTS, 0, NULL));
}

static json_t *in(json_t *printed, const char *name)
{
    return json_object_get(json_object_get(printed, "facts"), name);
}

static const char *data_of(json_t *printed, enum language language)
{
    const struct paper_setting setting = {.language = language,
                                          .document = document,
                                          .check_url = "https://clinic.example/check/abc"};
    struct buf out;
    buf_begin(&out, &arena, 4096);
    paper_json(describe(&arena, PAPER_PRESCRIPTION, printed, &setting), &out);
    assert_non_null(arena_json(&arena, json_loads(out.text, 0, NULL)));
    return out.text;
}

static const char *page_of(json_t *printed)
{
    const struct paper_setting setting = {.document = document};
    struct buf out;
    buf_begin(&out, &arena, 4096);
    paper_html(describe(&arena, PAPER_PRESCRIPTION, printed, &setting), "A5", &out);
    return out.text;
}

static void says(const char *data, const char *text)
{
    if (!strstr(data, text))
        fail_msg("it does not say %s but\n%s", text, data);
}

static void it_says_every_line_that_is_asked_for(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "Lakeside Clinic",
        "14 Lake View Road, Pune 411045, Maharashtra",
        "+91 20 5550 0142",
        "Reg. No. MH/PUN/04417",
        "RX-2026-00042",
        "22 Nov 2026, 14:05 IST",
        "Dr. Asha Kulkarni",
        "MD, General Medicine",
        "Licence No. MMC-11873",
        "P-2026-00117",
        "मीरा जोशी",
        "42 years / Female",
        "9 Mar 1984",
        "61.5 kg",
        "+91 98800 12345",
        "Flat 6, Pune 411007",
        "Penicillin",
        "Severe, rash",
        "Complaint",
        "Fever",
        "Findings",
        "Throat red",
        "Diagnosis",
        "Pharyngitis",
        "Plan",
        "Rest",
        "Advice",
        "Gargle",
        "128/82",
        "mmHg",
        "88",
        "/min",
        "100.4",
        "°F",
        "not taken",
        "Paracetamol",
        "Tablet · 500 mg",
        "1-0-0-1",
        "Morning and night",
        "Times a day",
        "After food",
        "3 days",
        "With water",
        "Blood count",
        "Fasting",
        "23 Nov 2026",
        "Follow-up",
        "29 Nov 2026",
        "Open all week",
        "https://clinic.example/check/abc",
    };
    const char *data = data_of(facts(), LANGUAGE_EN);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        says(data, lines[i]);
    assert_null(strstr(data, "Blood sugar")); /* was not measured */
    says(data, "\"mark\":null");
}

static void it_says_so_in_the_language_that_was_asked_for(void **state)
{
    (void)state;
    const char *hindi = data_of(facts(), LANGUAGE_HI);
    says(hindi, "\"language\":\"hi\"");
    says(hindi, "दवा का पर्चा");
    says(hindi, "खाने के बाद");
    const char *marathi = data_of(facts(), LANGUAGE_MR);
    says(marathi, "औषधपत्र");
    says(marathi, "सकाळी व रात्री");
    says(marathi, "Throat red"); /* as it was written */
}

static void a_clock_without_a_name_says_how_far_it_is_from_utc(void **state)
{
    (void)state;
    json_t *printed = facts();
    json_object_set_new(in(printed, "clinic"), "timezone", json_string("Asia/Kathmandu"));
    json_object_set_new(json_object_get(printed, "facts"), "utc_offset", json_integer(345));
    says(data_of(printed, LANGUAGE_EN), "22 Nov 2026, 14:05 UTC+05:45");
}

static void a_draft_and_a_cancelled_one_say_what_they_are(void **state)
{
    (void)state;
    json_t *printed = facts();
    json_object_set_new(printed, "status", json_string("pending"));
    says(data_of(printed, LANGUAGE_EN), "\"mark\":\"draft\",\"mark_text\":\"DRAFT\"");
    json_object_set_new(printed, "status", json_string("cancelled"));
    json_object_set_new(printed, "cancel_reason", json_string("Wrong patient"));
    says(data_of(printed, LANGUAGE_EN), "\"mark_text\":\"CANCELLED\"");
    says(data_of(printed, LANGUAGE_EN), "Reason: Wrong patient");
}

static void without_allergies_it_says_that_none_is_known(void **state)
{
    (void)state;
    json_t *printed = facts();
    json_array_clear(in(printed, "allergies"));
    says(data_of(printed, LANGUAGE_EN), "\"heading\":\"Allergies\",\"empty\":\"None on record\"");
}

/* Nobody is sent to a shop; the clinic's own is named, as what it is, when there is one. */
static void a_pharmacy_is_named_when_the_clinic_has_one(void **state)
{
    (void)state;
    json_t *printed = facts();
    says(data_of(printed, LANGUAGE_EN), "\"pharmacy\":null");
    json_object_set_new(
        json_object_get(printed, "facts"), "pharmacy",
        json_pack("{s:s, s:s, s:n}", "name", "Sunrise", "address", "2 Main Road", "phone_number"));
    says(data_of(printed, LANGUAGE_EN), "The clinic's pharmacy: Sunrise, 2 Main Road");
}

static void what_came_from_people_is_text_on_the_page(void **state)
{
    (void)state;
    json_t *printed = facts();
    json_object_set_new(in(printed, "patient"), "name",
                        json_string("<script>alert('x')</script> & \"co\""));
    json_object_set_new(in(printed, "clinic"), "name", json_string("</style><img src=x>"));
    const char *page = page_of(printed);
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "<img"));
    says(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;co&quot;");
    says(page, "@page{size:A5");
    assert_null(strstr(page, "http:"));
    assert_null(strstr(page, "url("));
}

/* "5 mg" must never come to read as "gm 5". */
static void nothing_turns_text_around(void **state)
{
    (void)state;
    json_t *read = describe_read(
        &arena, "{\"a\": \"5\u202e mg\u2066x\u2069\", \"b\": \"\uffff\U0010fffe\ufdd0ok\"}");
    assert_string_equal(json_string_value(json_object_get(read, "a")), "5 mgx");
    assert_string_equal(json_string_value(json_object_get(read, "b")), "\ufffd\ufffd\ufffdok");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_every_line_that_is_asked_for),
        cmocka_unit_test(it_says_so_in_the_language_that_was_asked_for),
        cmocka_unit_test(a_clock_without_a_name_says_how_far_it_is_from_utc),
        cmocka_unit_test(a_draft_and_a_cancelled_one_say_what_they_are),
        cmocka_unit_test(without_allergies_it_says_that_none_is_known),
        cmocka_unit_test(a_pharmacy_is_named_when_the_clinic_has_one),
        cmocka_unit_test(nothing_turns_text_around),
        cmocka_unit_test(what_came_from_people_is_text_on_the_page),
    };
    return cmocka_run_group_tests_name("describe", tests, setup, teardown);
}
