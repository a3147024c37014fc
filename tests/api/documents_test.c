/* Papers over HTTP: who gets which, in which form, and that what was issued never changes. What
 * they say line by line is in tests/unit/document. */
#include "api/document/check.h"
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
    rx_colleague(&world);
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

static struct answer summary(struct world *world, const char *who, const char *admission,
                             const char *query)
{
    return ask(world, "GET", path_a(world, "/admissions/%s/document%s", admission, query),
               token_a(world, who), NULL);
}

/* An admission of the login's patient that is over, or not; made where there is none. */
static const char *stay(struct world *world, bool is_over)
{
    const char *found = sql_text(world->boss, &world->arena,
                                 "SELECT id FROM clinicd.admission WHERE patient_id = '%s' AND "
                                 "(ended_at IS NOT NULL) = %s LIMIT 1",
                                 id_a(world, SEED_PATIENT_OWN), is_over ? "true" : "false");
    if (found)
        return found;
    assert_false(is_over);
    struct answer made =
        ask(world, "POST", path_a(world, "/admissions"), token_a(world, "doctor"),
            arena_format(&world->arena,
                         "{\"patient_id\": \"%s\", \"admission_type\": \"general\", "
                         "\"room_number\": \"Nine\", \"bed_number\": \"Nine\", "
                         "\"reason_for_admission\": \"Weak\"}",
                         id_a(world, SEED_PATIENT_OWN)));
    expect(&made, 201, NULL);
    return answer_text(&made, "id");
}

static const char *words(struct world *world, const struct answer *answer)
{
    return pdf_words(&world->arena, answer->body, answer->length);
}

static const char *header(struct world *world, const struct answer *answer, const char *name)
{
    return answer_header(&world->arena, answer, name, NULL);
}

static void says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("it does not say %s but\n%s", part, text);
}

static void same(struct world *world, const struct answer *one, const struct answer *other)
{
    assert_int_equal(one->length, other->length);
    assert_memory_equal(one->body, other->body, one->length);
    assert_string_equal(header(world, one, "ETag"), header(world, other, "ETag"));
}

static void a_completed_prescription_is_a_pdf(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    const char *number = answer_text(&rx, "rx_number");
    struct answer pdf = paper(world, "doctor", &rx, "");
    expect(&pdf, 200, NULL);
    assert_string_equal(header(world, &pdf, "Content-Type"), "application/pdf");
    assert_string_equal(header(world, &pdf, "Content-Language"), "en");
    assert_string_equal(header(world, &pdf, "Content-Disposition"),
                        arena_format(&world->arena, "inline; filename=\"%s.pdf\"", number));
    says(words(world, &pdf), number);
    says(words(world, &pdf), "Paracetamol");
    assert_null(strstr(words(world, &pdf), "DRAFT"));
    int missing;
    assert_in_range(pdf_fonts(&world->arena, pdf.body, pdf.length, &missing), 2, 12);
    assert_int_equal(missing, 0);
}

/* Its time is that of the version, and nobody's name is in it. */
static void what_a_file_says_of_itself_is_harmless(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    struct answer pdf = paper(world, "doctor", &rx, "");
    const char *made = pdf_info(&world->arena, pdf.body, pdf.length, "CreationDate");
    assert_memory_equal(made, answer_text(&rx, "updated_at"), strlen("2026-11-22T09:12:33"));
    assert_string_equal(made, pdf_info(&world->arena, pdf.body, pdf.length, "ModDate"));
    const char *title = pdf_info(&world->arena, pdf.body, pdf.length, "Title");
    assert_string_equal(
        title, arena_format(&world->arena, "Prescription %s", answer_text(&rx, "rx_number")));
    says(pdf_info(&world->arena, pdf.body, pdf.length, "Creator"), "clinicd");
    assert_string_equal(pdf_info(&world->arena, pdf.body, pdf.length, "JavaScript"), "no");
    assert_string_equal(pdf_info(&world->arena, pdf.body, pdf.length, "Encrypted"), "no");
}

static void it_comes_on_two_sheets_and_in_three_languages(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *query, *language, *size, *title;
    } cases[] = {
        {"?paper=A4", "en", "595.276 x 841.89 pts (A4)", "Prescription"},
        {"?paper=A5", "en", "419.528 x 595.276 pts", "Prescription"},
        {"?paper=A5&lang=hi", "hi", "419.528 x 595.276 pts", "दवा का पर्चा"},
        {"?lang=mr", "mr", "595.276 x 841.89 pts (A4)", "औषधपत्र"},
    };
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer pdf = paper(world, "doctor", &rx, cases[i].query);
        expect(&pdf, 200, NULL);
        assert_string_equal(header(world, &pdf, "Content-Language"), cases[i].language);
        says(pdf_info(&world->arena, pdf.body, pdf.length, "Page size"), cases[i].size);
        says(pdf_info(&world->arena, pdf.body, pdf.length, "Title"), cases[i].title);
    }
    struct answer wrong = paper(world, "doctor", &rx, "?paper=A8");
    expect(&wrong, 400, NULL);
}

static void it_comes_as_a_page_that_needs_nothing_else(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_make(world, SEED_PATIENT_OWN,
                               ", \"notes\": {\"observations\": \"<script>alert(1)</script>\", "
                               "\"diagnosis\": \"A & B\", \"treatment_plan\": \"'\\\"\"}");
    struct answer page = paper(world, "doctor", &rx, "?format=html&paper=A5");
    expect(&page, 200, NULL);
    assert_string_equal(header(world, &page, "Content-Type"), "text/html; charset=utf-8");
    says(header(world, &page, "Content-Security-Policy"), "default-src 'none'");
    assert_null(strstr(header(world, &page, "Content-Security-Policy"), "script-src"));
    says(page.body, "@page{size:A5");
    says(page.body, "&lt;script&gt;alert(1)&lt;/script&gt;");
    says(page.body, "A &amp; B");
    says(page.body, "<img alt=\"\" src=\"data:image/png;base64,"); /* the clinic's logo */
    assert_null(strstr(page.body, "<script"));
    assert_null(strstr(page.body, "http://"));
}

/* The schema of the document describes it: the harness holds every answer against it. */
static void it_comes_as_data(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    struct answer data = paper(world, "doctor", &rx, "?format=json&lang=hi");
    expect(&data, 200, NULL);
    assert_string_equal(answer_text(&data, "kind"), "prescription");
    assert_string_equal(answer_text(&data, "language"), "hi");
    assert_string_equal(answer_text(&data, "number"), answer_text(&rx, "rx_number"));
    says(data.body, "Paracetamol");
}

static void who_gets_it_depends_on_its_state(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *who;
        struct {
            int status;
            const char *code;
        } in[RX_STATES];
    } cases[] = {
        {"doctor", {{200, NULL}, {200, NULL}, {200, NULL}}},
        {"colleague", {{403, "not-the-author"}, {403, "not-the-author"}, {403, "not-the-author"}}},
        {"admin", {{409, "not-completed"}, {200, NULL}, {200, NULL}}},
        {"receptionist", {{409, "not-completed"}, {200, NULL}, {200, NULL}}},
        {"patient", {{404, "not-found"}, {200, NULL}, {404, "not-found"}}},
        {"lab_tech", {{403, NULL}, {403, NULL}, {403, NULL}}},
    };
    for (enum rx_state at = 0; at < RX_STATES; at++) {
        struct answer rx = rx_in(world, at);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            struct answer pdf = paper(world, cases[i].who, &rx, "");
            expect(&pdf, cases[i].in[at].status, cases[i].in[at].code);
        }
    }
}

static void a_draft_and_a_cancelled_one_say_so_on_every_page(void **state)
{
    struct world *world = *state;
    static const struct {
        enum rx_state at;
        const char *mark;
    } cases[] = {{RX_IS_PENDING, "DRAFT"}, {RX_IS_CANCELLED, "CANCELLED"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer rx = rx_in(world, cases[i].at);
        struct answer pdf = paper(world, "doctor", &rx, "?paper=A5");
        int pages = pdf_pages(&world->arena, pdf.body, pdf.length);
        says(words(world, &pdf), cases[i].mark);
        for (int page = 1; page <= pages; page++) { /* across the page, letter by letter or not */
            const char *text = pdf_page(&world->arena, pdf.body, pdf.length, page);
            for (const char *letter = cases[i].mark; *letter; letter++)
                assert_non_null(strchr(text, *letter));
        }
    }
}

static void every_reading_is_in_the_trail(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_PENDING);
    struct answer refused = paper(world, "receptionist", &rx, "");
    expect(&refused, 409, "not-completed");
    struct answer given = paper(world, "doctor", &rx, "?format=json");
    expect(&given, 200, NULL);
    const char *rows = sql_text(
        world->boss, &world->arena,
        "SELECT string_agg(actor_role || ' ' || status, ', ' ORDER BY id) FROM clinicd.audit "
        "WHERE operation = 'prescriptions_document' AND entity_id = '%s' AND patient_id = '%s'",
        answer_text(&rx, "id"), id_a(world, SEED_PATIENT_OWN));
    assert_string_equal(rows, "doctor 200");
    assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM clinicd.audit WHERE operation = "
                                          "'prescriptions_document' AND status = 409 AND "
                                          "actor_role = 'receptionist'") > 0,
                     1);
}

/* The clinic moves, the doctor marries, so does the patient, and another allergy comes to light. */
static void everything_changes(struct world *world)
{
    sql_run(world->boss,
            "UPDATE clinicd.clinic SET name = 'Elsewhere', address = 'Away', document_footer = "
            "'Closed', language = 'mr', timezone = 'Pacific/Apia' WHERE clinic_id = 7001;"
            "UPDATE clinicd.doctor SET license_number = 'NEW-1' WHERE clinic_id = 7001 AND id = "
            "'%s';"
            "UPDATE clinicd.patient SET name = 'Somebody Else', phone_number = '5550199' WHERE "
            "clinic_id = 7001 AND id = '%s';"
            "UPDATE clinicd.pharmacy SET name = 'New Pills' WHERE clinic_id = 7001;"
            "UPDATE clinicd.allergy SET substance = 'Dust' WHERE clinic_id = 7001",
            id_a(world, SEED_DOCTOR), id_a(world, SEED_PATIENT_OWN));
}

static void what_was_completed_never_changes(void **state)
{
    struct world *world = *state;
    static const char *const forms[] = {"?lang=en", "?format=html&lang=hi", "?format=json&lang=mr"};
    struct answer done = rx_in(world, RX_IS_COMPLETED), before[3];
    struct answer draft = rx_in(world, RX_IS_PENDING);
    for (size_t i = 0; i < 3; i++)
        before[i] = paper(world, "admin", &done, forms[i]);
    everything_changes(world);
    for (size_t i = 0; i < 3; i++) {
        struct answer after = paper(world, "admin", &done, forms[i]);
        same(world, &before[i], &after);
    }
    struct answer live = paper(world, "doctor", &draft, "?format=json&lang=en");
    says(live.body, "Somebody Else");
    says(live.body, "NEW-1");
    world_restore(world);
    rx_colleague(world);
}

static void what_is_opened_again_is_issued_anew(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    struct answer first = paper(world, "admin", &rx, "?format=json&lang=en");
    everything_changes(world);
    sql_run(world->boss, "UPDATE clinicd.clinic SET timezone = 'Asia/Kolkata'");
    struct answer open = rx_step(world, &rx, "doctor", RX_IS_PENDING);
    expect(&open, 200, NULL);
    struct answer again = rx_step(world, &open, "doctor", RX_IS_COMPLETED);
    expect(&again, 200, NULL);
    struct answer second = paper(world, "admin", &again, "?format=json&lang=en");
    says(second.body, "Somebody Else");
    assert_string_not_equal(header(world, &first, "ETag"), header(world, &second, "ETag"));
    assert_string_not_equal(answer_text(&first, "check_url"), answer_text(&second, "check_url"));
    world_restore(world);
    rx_colleague(world);
}

static void nobody_else_writes_what_is_kept(void **state)
{
    struct world *world = *state;
    PGconn *app SQL_CLOSE = sql_connect(world->database.app_url);
    sql_run(app, "SET app.clinic_id = '7001'");
    static const char *const statements[] = {
        "UPDATE clinicd.prescription_paper SET facts = '{}'",
        "DELETE FROM clinicd.prescription_paper",
        "INSERT INTO clinicd.prescription_paper SELECT * FROM clinicd.prescription_paper",
        "UPDATE clinicd.admission_paper SET facts = '{}'",
        "DELETE FROM clinicd.admission_paper",
    };
    char sqlstate[SQLSTATE_TEXT];
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        assert_int_equal(sql_try(app, sqlstate, "%s", statements[i]), -1);
        assert_string_equal(sqlstate, "42501");
    }
}

static void a_paper_that_the_client_has_is_not_sent_again(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    struct answer pdf = paper(world, "doctor", &rx, "");
    struct answer again;
    http_send(world->client, &world->arena,
              &(struct call){.path = rx_path(world, &rx, "/document"),
                             .token = token_a(world, "doctor"),
                             .headers = {arena_format(&world->arena, "If-None-Match: %s",
                                                      header(world, &pdf, "ETag"))}},
              &again);
    assert_int_equal(again.status, 304);
    struct answer other = paper(world, "doctor", &rx, "?paper=A5");
    assert_string_not_equal(header(world, &pdf, "ETag"), header(world, &other, "ETag"));
}

static void the_square_says_where_to_check(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    struct answer data = paper(world, "doctor", &rx, "?format=json");
    const char *url = answer_text(&data, "check_url");
    static const char *const sheets[] = {"?paper=A4", "?paper=A5"};
    for (size_t i = 0; i < 2; i++) {
        struct answer pdf = paper(world, "doctor", &rx, sheets[i]);
        assert_string_equal(pdf_code(&world->arena, pdf.body, pdf.length), url);
    }
    static const char address[] = "https://clinic.example/check/";
    assert_memory_equal(url, address, strlen(address));
    struct paper_check check;
    assert_true(paper_check_parse(url + strlen(address), &check));
    assert_int_equal(check.clinic_id, 7001);
    assert_string_equal(check.prescription_id, answer_text(&rx, "id"));
    struct answer draft = rx_in(world, RX_IS_PENDING);
    struct answer none = paper(world, "doctor", &draft, "?format=json");
    assert_true(json_is_null(json_object_get(none.json, "check_url")));
}

static void a_discharge_summary_is_for_those_who_treat_and_the_patient(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *who;
        int ended, open;
    } cases[] = {{"doctor", 200, 200},  {"colleague", 200, 200},    {"admin", 200, 200},
                 {"patient", 200, 404}, {"receptionist", 403, 403}, {"lab_tech", 403, 403}};
    const char *here = stay(world, false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer ended = summary(world, cases[i].who, stay(world, true), "?format=json");
        expect(&ended, cases[i].ended, NULL);
        struct answer open = summary(world, cases[i].who, here, "?format=json");
        expect(&open, cases[i].open, NULL);
    }
    world_restore(world);
    rx_colleague(world);
}

static void a_discharge_summary_says_how_it_went(void **state)
{
    struct world *world = *state;
    struct answer pdf = summary(world, "doctor", stay(world, true), "?lang=en");
    expect(&pdf, 200, NULL);
    static const char *const lines[] = {
        "Discharge summary",    "AD-2025-00101",      "Discharged",      "General ward",
        "Reason for admission", "Weak own-alphamark", "Medical history", "Before own-alphamark",
        "Treatments",           "Medicine alphamark", "D5W · 500 ml",    "Final diagnosis",
        "Flu own-alphamark",    "Well own-alphamark"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        says(words(world, &pdf), lines[i]);
    struct answer open = summary(world, "doctor", stay(world, false), "?lang=en");
    says(words(world, &open), "Interim summary");
    says(words(world, &open), "INTERIM");
    world_restore(world);
    rx_colleague(world);
}

static void an_ended_stay_is_printed_as_it_ended(void **state)
{
    struct world *world = *state;
    struct answer before = summary(world, "patient", stay(world, true), "?lang=en");
    everything_changes(world);
    struct answer after = summary(world, "patient", stay(world, true), "?lang=en");
    same(world, &before, &after);
    world_restore(world);
    rx_colleague(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_completed_prescription_is_a_pdf),
        cmocka_unit_test(what_a_file_says_of_itself_is_harmless),
        cmocka_unit_test(it_comes_on_two_sheets_and_in_three_languages),
        cmocka_unit_test(it_comes_as_a_page_that_needs_nothing_else),
        cmocka_unit_test(it_comes_as_data),
        cmocka_unit_test(who_gets_it_depends_on_its_state),
        cmocka_unit_test(a_draft_and_a_cancelled_one_say_so_on_every_page),
        cmocka_unit_test(every_reading_is_in_the_trail),
        cmocka_unit_test(what_was_completed_never_changes),
        cmocka_unit_test(what_is_opened_again_is_issued_anew),
        cmocka_unit_test(nobody_else_writes_what_is_kept),
        cmocka_unit_test(a_paper_that_the_client_has_is_not_sent_again),
        cmocka_unit_test(the_square_says_where_to_check),
        cmocka_unit_test(a_discharge_summary_is_for_those_who_treat_and_the_patient),
        cmocka_unit_test(a_discharge_summary_says_how_it_went),
        cmocka_unit_test(an_ended_stay_is_printed_as_it_ended),
    };
    return cmocka_run_group_tests_name("documents", tests, setup, teardown);
}
