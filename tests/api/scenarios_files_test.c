/* The acceptance scenarios about files (domain.md, appendix C): 11, and the file of 8. And what
 * strangers send: sixty names, and files that are not what they say. */
#include "tests/harness/reports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "api_scenarios_files"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static struct buf text(struct world *world, const char *words)
{
    struct buf out;
    buf_begin(&out, &world->arena, strlen(words) + 1);
    buf_text(&out, words);
    return out;
}

static struct answer send_paper(struct world *world, struct paper paper)
{
    return report_send(world, "receptionist", of_patient(world, SEED_PATIENT_OWN, "reports"), paper,
                       NULL, NULL);
}

static void scenario_8_a_test_is_completed_with_result_and_file(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_make(world, SEED_PATIENT_OWN, ", \"tests\": [{" RX_TEST "}]");
    rx = rx_step(world, &rx, "doctor", RX_IS_COMPLETED);
    const char *tid = rx_text(&rx, "tests", 0, "id");
    const char *const fields[] = {
        "test_type=Complete blood count", "notes=Sample taken fasting",
        arena_format(&world->arena, "prescription_id=%s", answer_text(&rx, "id")),
        arena_format(&world->arena, "test_id=%s", tid), NULL};
    struct answer report =
        report_send(world, "lab_tech", of_patient(world, SEED_PATIENT_OWN, "test-reports"),
                    paper_pdf(world), fields, NULL);
    expect(&report, 201, NULL);
    struct answer done = ask_if(
        world, "POST", rx_path(world, &rx, arena_format(&world->arena, "/tests/%s/result", tid)),
        token_a(world, "lab_tech"),
        arena_format(&world->arena,
                     "{\"result\": \"Within limits\", \"report_id\": \"%s\", \"result_values\": "
                     "[{\"name\": \"Haemoglobin\", \"value\": 13.1, \"unit\": \"g/dL\"}]}",
                     answer_text(&report, "id")),
        "\"1\"");
    expect(&done, 200, NULL);
    static const char *const both[] = {"doctor", "patient"};
    for (size_t i = 0; i < 2; i++) {
        struct answer seen =
            ask(world, "GET", rx_path(world, &rx, ""), token_a(world, both[i]), NULL);
        expect(&seen, 200, NULL);
        assert_string_equal(rx_text(&seen, "tests", 0, "status"), "completed");
        assert_string_equal(rx_text(&seen, "tests", 0, "result"), "Within limits");
        const char *file = rx_text(&seen, "tests", 0, "report_file_id");
        struct answer bytes = ask(world, "GET", path_a(world, "/files/%s/content", file),
                                  token_a(world, both[i]), NULL);
        expect(&bytes, 200, NULL);
        assert_int_equal(bytes.length, paper_pdf(world).bytes.length);
        assert_memory_equal(bytes.body, paper_pdf(world).bytes.text, bytes.length);
    }
}

static void scenario_11_strange_files_are_refused_and_strangers_get_nothing(void **state)
{
    struct world *world = *state;
    struct objects before = objects_now(world);
    struct answer html =
        send_paper(world, (struct paper){"report.pdf", "application/pdf",
                                         text(world, "<!doctype html><script>alert(1)</script>")});
    expect(&html, 415, "unsupported-media-type");
    struct paper paper = paper_pdf(world);
    paper.name = "../../../etc/passwd.pdf";
    struct answer made = send_paper(world, paper);
    expect(&made, 201, NULL);
    assert_null(strchr(report_file(&made, "name"), '/'));
    struct objects after = objects_now(world);
    assert_int_equal(after.objects, before.objects + 1);
    const char *path = report_path(world, &made, "/content");
    struct answer nobody = ask(world, "GET", path, NULL, NULL);
    expect(&nobody, 401, NULL);
    char token[TOKEN_TEXT];
    struct answer stranger = ask(world, "GET", path, seed_token(&seed_b, "doctor", token), NULL);
    expect(&stranger, 404, "not-found");
    struct answer platform = ask(world, "GET", path, seed_token(NULL, "boss", token), NULL);
    expect(&platform, 403, NULL);
    struct answer own = ask(world, "GET", path, token_a(world, "patient"), NULL);
    expect(&own, 200, NULL);
}

/* --- names ---------------------------------------------------------------------------------- */

static const char *const hostile_names[] = {"../../etc/passwd.pdf",
                                            "..\\\\..\\\\windows\\\\win.ini.pdf",
                                            "/etc/passwd.pdf",
                                            "C:\\\\x.pdf",
                                            "....//....//x.pdf",
                                            ".htaccess.pdf",
                                            "..pdf.pdf",
                                            "...pdf",
                                            ". .pdf",
                                            "~root.pdf",
                                            "%2e%2e%2fx.pdf",
                                            "%00x.pdf",
                                            "x%0d%0aSet-Cookie: a=b.pdf",
                                            "x\tb.pdf",
                                            "x\x01y.pdf",
                                            "x\x7fy.pdf",
                                            "con.pdf",
                                            "NUL.pdf",
                                            "aux.pdf.pdf",
                                            "x.pdf.",
                                            " x.pdf ",
                                            "x .pdf",
                                            "-rf.pdf",
                                            "--help.pdf",
                                            "$(reboot).pdf",
                                            "`id`.pdf",
                                            "x;ls.pdf",
                                            "x|cat.pdf",
                                            "x&y.pdf",
                                            "<b>x</b>.pdf",
                                            "'; DROP TABLE file; --.pdf",
                                            "\\\"x.pdf",
                                            "x\\\"; filename=\\\"y.exe.pdf",
                                            "{{7*7}}.pdf",
                                            "${7*7}.pdf",
                                            "%s%s%n.pdf",
                                            "*.pdf",
                                            "?.pdf",
                                            "x:y.pdf",
                                            "x::$DATA.pdf",
                                            "file:///x.pdf",
                                            "http://e.example/x.pdf",
                                            "\xE2\x80\xAE"
                                            "fdp.exe.pdf",
                                            "\xE2\x80\x8B.pdf",
                                            "\xEF\xBB\xBFx.pdf",
                                            "e\xCC\x81.pdf",
                                            "\xE0\xA4\x95.pdf",
                                            "\xF0\x9F\xA9\xBB.pdf",
                                            "\xC0\xAE\xC0\xAE/x.pdf",
                                            "\xFF\xFE.pdf",
                                            "\xED\xA0\x80.pdf",
                                            "\xE2\x88\x95"
                                            "etc.pdf",
                                            "\xEF\xBC\x8F"
                                            "etc.pdf",
                                            "x.pdf/",
                                            "x/.pdf",
                                            "/.pdf",
                                            ".pdf",
                                            "pdf",
                                            "",
                                            "x.php.pdf",
                                            "x.pdf;.php",
                                            "x.pdf%00.php",
                                            "shell.phtml",
                                            "x.html",
                                            "x.svg"};

/* Kept under a harmless label, or refused; in no case a path, a header or a failure of ours. */
static void sixty_hostile_names_are_harmless(void **state)
{
    struct world *world = *state;
    int kept = 0, refused = 0;
    assert_true(sizeof hostile_names / sizeof *hostile_names >= 60);
    for (size_t i = 0; i < sizeof hostile_names / sizeof *hostile_names; i++) {
        struct paper paper = paper_pdf(world);
        paper.name = hostile_names[i];
        struct form form;
        struct answer answer;
        form_begin(&form, &world->arena);
        form_file(&form, paper.name, paper.type, paper.bytes.text, paper.bytes.length);
        form_end(&form);
        http_send(world->client, &world->arena,
                  &(struct call){
                      .method = "POST",
                      .path = path_a(world, "%s", of_patient(world, SEED_PATIENT_OWN, "reports")),
                      .token = token_a(world, "doctor"),
                      .body = form.body.text,
                      .body_length = form.body.length,
                      .type = FORM_TYPE},
                  &answer);
        if (answer.status == 201) {
            const char *name = report_file(&answer, "name");
            kept++;
            if (!*name || *name == '.' || strlen(name) > 255 || strpbrk(name, "/\\\r\n\t\x01\x7f"))
                fail_msg("%s is kept as %s", paper.name, name);
            struct answer bytes = ask(world, "GET", report_path(world, &answer, "/content"),
                                      token_a(world, "doctor"), NULL);
            expect(&bytes, 200, NULL);
            const char *said = answer_header(&world->arena, &bytes, "Content-Disposition", NULL);
            if (strncmp(said, "attachment; filename*=UTF-8''", 29) != 0 ||
                strpbrk(said + 29, "\"; <>\\/"))
                fail_msg("%s is handed out as %s", paper.name, said);
            assert_null(answer_header(&world->arena, &bytes, "Set-Cookie", NULL));
        } else {
            refused++;
            if (answer.status != 400 && answer.status != 415 && answer.status != 422)
                fail_msg("%s: %d %s", paper.name, answer.status, answer.body);
        }
    }
    printf("%d names kept as labels, %d refused\n", kept, refused);
    assert_true(kept >= 40);
    objects_now(world);
}

static void a_name_of_any_length_is_a_label_of_255_bytes_at_most(void **state)
{
    struct world *world = *state;
    static const size_t lengths[] = {251, 252, 300, 1000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct paper paper = paper_pdf(world);
        struct buf name;
        buf_begin(&name, &world->arena, 2000);
        while (name.length < lengths[i])
            buf_text(&name, "\xE0\xA4\x95"); /* so that a cut would fall into a letter */
        buf_text(&name, ".pdf");
        paper.name = name.text;
        struct answer made = send_paper(world, paper);
        if (made.status != 201) {
            expect(&made, lengths[i] > 255 ? 400 : 201, NULL);
            continue;
        }
        size_t length = strlen(report_file(&made, "name"));
        assert_in_range(length, 5, 255);
        assert_string_equal(report_file(&made, "name") + length - 4, ".pdf");
    }
}

/* --- what is not what it says --------------------------------------------------------------- */

static struct buf joined(struct world *world, struct buf first, const char *second)
{
    return specimen_joined(&world->arena, first, second, strlen(second));
}

/* A PNG's header that claims a picture, and no picture. */
static struct buf half_of(struct world *world, struct buf whole)
{
    struct buf out;
    buf_begin(&out, &world->arena, whole.length);
    buf_add(&out, whole.text, whole.length / 2);
    return out;
}

/* 64 MiB of nothing, packed into some 64 KiB. */
static struct buf gzip_bomb(struct world *world)
{
    enum { ROOM = 1 << 20 };
    static unsigned char nothing[ROOM];
    z_stream z = {0};
    char *out = arena_take(&world->arena, ROOM);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = (unsigned char *)out;
    z.avail_out = ROOM;
    for (int i = 0; i < 64; i++) {
        z.next_in = nothing;
        z.avail_in = ROOM;
        assert_int_equal(deflate(&z, i == 63 ? Z_FINISH : Z_NO_FLUSH),
                         i == 63 ? Z_STREAM_END : Z_OK);
    }
    struct buf bomb;
    buf_begin(&bomb, &world->arena, z.total_out);
    buf_add(&bomb, out, z.total_out);
    deflateEnd(&z);
    return bomb;
}

static void what_is_not_what_it_says_is_refused(void **state)
{
    struct world *world = *state;
    struct arena *arena = &world->arena;
    struct buf pdf = specimen_pdf(arena, NULL, NULL);
    struct buf png = specimen_png(arena, 8, 8, NULL, true);
    struct buf jpeg = specimen_jpeg(arena, 8, 8, NULL);
    struct objects before = objects_now(world);
    const struct {
        const char *what;
        struct paper paper;
        int status;
    } strange[] = {
        {"a page called PDF", {"a.pdf", "application/pdf", text(world, "<html></html>")}, 415},
        {"a PDF and a page",
         {"a.pdf", "application/pdf", joined(world, pdf, "<html><script>x</script>")},
         422},
        {"a page and a PDF",
         {"a.pdf", "application/pdf", joined(world, text(world, "<html>"), pdf.text)},
         0},
        {"a JPEG and a script",
         {"a.jpg", "image/jpeg", joined(world, jpeg, "<?php system($_GET[0]); ?>")},
         422},
        {"a JPEG with a script",
         {"a.jpg", "image/jpeg", specimen_jpeg(arena, 8, 8, "<?php system(1); ?>")},
         422},
        {"a PNG with a tail",
         {"a.png", "image/png", joined(world, png, "<script>alert(1)</script>")},
         422},
        {"half a PNG", {"a.png", "image/png", half_of(world, png)}, 0},
        {"half a JPEG", {"a.jpg", "image/jpeg", half_of(world, jpeg)}, 0},
        {"half a PDF", {"a.pdf", "application/pdf", half_of(world, pdf)}, 0},
        {"nothing", {"a.pdf", "application/pdf", text(world, "")}, 0},
        {"a huge claim",
         {"a.png", "image/png", specimen_png(arena, 60000, 60000, NULL, false)},
         422},
        {"a PNG called JPEG", {"a.jpg", "image/jpeg", png}, 415},
        {"a PNG declared as PDF", {"a.png", "application/pdf", png}, 415},
        {"a bomb", {"a.pdf", "application/pdf", gzip_bomb(world)}, 415},
        {"a bomb by its name", {"a.gz", "application/gzip", gzip_bomb(world)}, 415},
        {"an archive", {"a.docx", "application/zip", text(world, "PK\x03\x04 and more")}, 415},
        {"a picture of words",
         {"a.svg", "image/svg+xml", text(world, "<svg xmlns='http://www.w3.org/2000/svg'/>")},
         415},
        {"a PDF that runs",
         {"a.pdf", "application/pdf",
          specimen_pdf(arena, "<< /S /JavaScript /JS (app.alert(1)) >>", NULL)},
         422},
    };
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        struct answer answer = send_paper(world, strange[i].paper);
        bool is_right = strange[i].status ? answer.status == strange[i].status
                                          : answer.status == 415 || answer.status == 422;
        if (!is_right)
            fail_msg("%s: %d %s", strange[i].what, answer.status, answer.body);
    }
    struct objects after = objects_now(world);
    assert_int_equal(after.objects, before.objects);
    assert_int_equal(after.rows, before.rows);
}

static void too_large_is_refused_and_nothing_is_kept(void **state)
{
    struct world *world = *state;
    struct objects before = objects_now(world);
    struct arena arena CLEANUP(arena_end) = {0};
    struct paper paper = paper_big(&arena, 21 * 1024 * 1024, 5);
    struct answer answer = send_paper(world, paper);
    expect(&answer, 413, "payload-too-large");
    assert_int_equal(objects_now(world).objects, before.objects);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenario_8_a_test_is_completed_with_result_and_file),
        cmocka_unit_test(scenario_11_strange_files_are_refused_and_strangers_get_nothing),
        cmocka_unit_test(sixty_hostile_names_are_harmless),
        cmocka_unit_test(a_name_of_any_length_is_a_label_of_255_bytes_at_most),
        cmocka_unit_test(what_is_not_what_it_says_is_refused),
        cmocka_unit_test(too_large_is_refused_and_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
