/* What the sniffer lets through, what it refuses and with which code, and that no file harms more
 * than itself. */
#include "db/store/look.h"
#include "db/store/sniffer.h"
#include "db/store/store.h"
#include "tests/harness/specimen.h"

#include <dirent.h>
#include <png.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST = 64 * 1024 * 1024 };

struct bench {
    struct arena arena;
    struct fault fault;
    char folder[40];
    struct store *store;
    struct sniffer *sniffer;
    struct spool *spool;
};

/* cmocka's groups share it: the sniffer is forked once, as in the service. */
static int begin(void **state)
{
    struct bench *it = test_calloc(1, sizeof *it);
    it->fault.arena = &it->arena;
    strcpy(it->folder, "/tmp/clinicd-sniffer-XXXXXX");
    assert_non_null(mkdtemp(it->folder));
    assert_int_equal(sniffer_start(&it->fault, &it->sniffer), ERR_NONE);
    assert_int_equal(
        store_open(&(struct store_options){.folder = it->folder}, &it->fault, &it->store),
        ERR_NONE);
    *state = it;
    return 0;
}

static int end(void **state)
{
    struct bench *it = *state;
    char path[64];
    spool_drop(it->spool);
    store_close(it->store);
    sniffer_stop(it->sniffer);
    snprintf(path, sizeof path, "%s/1/tmp", it->folder);
    assert_int_equal(rmdir(path), 0); /* no spool is left */
    snprintf(path, sizeof path, "%s/1", it->folder);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(it->folder), 0);
    arena_end(&it->arena);
    test_free(it);
    return 0;
}

static void spool(struct bench *it, struct buf file)
{
    spool_drop(it->spool);
    it->spool = NULL;
    fault_reset(&it->fault);
    assert_int_equal(spool_open(it->store, 1, MOST, &it->fault, &it->spool), ERR_NONE);
    assert_int_equal(spool_write(it->spool, file.text, file.length, &it->fault), ERR_NONE);
    assert_int_equal(spool_finish(it->spool, &it->fault), ERR_NONE);
}

static struct verdict passes(struct bench *it, struct buf file, const char *name,
                             const char *declared)
{
    struct verdict verdict = {0};
    spool(it, file);
    if (sniffer_judge(it->sniffer, it->spool, name, declared, &it->fault, &verdict))
        fail_msg("%s is refused: %s %s", name, it->fault.code, it->fault.detail);
    return verdict;
}

static void refused(struct bench *it, struct buf file, const char *name, const char *declared,
                    const char *code, const char *why)
{
    struct verdict verdict = {.width = -1};
    spool(it, file);
    enum err err = sniffer_judge(it->sniffer, it->spool, name, declared, &it->fault, &verdict);
    if (err != ERR_INPUT)
        fail_msg("%s gives %d, %s", name, (int)err, it->fault.reason ? it->fault.reason : "-");
    assert_string_equal(it->fault.code, code);
    if (!strstr(it->fault.detail, why))
        fail_msg("%s is refused for another reason: %s", name, it->fault.detail);
    assert_int_equal(verdict.width, -1); /* untouched */
}

static struct buf text(struct bench *it, const char *words)
{
    struct buf out;
    buf_begin(&out, &it->arena, strlen(words));
    buf_text(&out, words);
    return out;
}

#define REFUSED "file-refused"
#define STRANGE "unsupported-media-type"
#define PDF "a.pdf", "application/pdf"
#define PNG "a.png", "image/png"
#define JPEG "a.jpg", "image/jpeg"

static void the_three_kinds_pass_with_their_size(void **state)
{
    struct bench *it = *state;
    struct verdict pdf = passes(it, specimen_pdf(&it->arena, NULL, NULL), PDF);
    assert_string_equal(pdf.media_type, "application/pdf");
    struct verdict png = passes(it, specimen_png(&it->arena, 3, 2, "Comment\0ok", true), PNG);
    assert_string_equal(png.media_type, "image/png");
    assert_int_equal(png.width, 3);
    assert_int_equal(png.height, 2);
    struct verdict jpeg = passes(it, specimen_jpeg(&it->arena, 64, 48, "from a telephone"),
                                 "A.JPEG", "image/JPG; charset=binary");
    assert_string_equal(jpeg.media_type, "image/jpeg");
    assert_int_equal(jpeg.width, 64);
    assert_int_equal(jpeg.height, 48);
}

static void name_declaration_and_content_must_agree(void **state)
{
    struct bench *it = *state;
    struct buf png = specimen_png(&it->arena, 3, 2, NULL, true);
    static const char *const names[] = {"a.pdf", "a.jpg", "a.png.exe", "png", "a", "", ".svg"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        refused(it, png, names[i], "image/png", STRANGE, "");
    static const char *const types[] = {"application/pdf",
                                        "image/jpeg",
                                        "image/svg+xml",
                                        "application/octet-stream",
                                        "image/pngx",
                                        "",
                                        NULL};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        refused(it, png, "a.png", types[i], STRANGE, "");
    refused(it, png, "a.pdf", "application/pdf", STRANGE, "The file is image/png");
}

static void other_formats_are_none_of_them(void **state)
{
    struct bench *it = *state;
    static const char *const files[] = {"<html><script>alert(1)</script></html>",
                                        "<!doctype html><p>%PDF-1.4",
                                        "<svg xmlns='http://www.w3.org/2000/svg'/>",
                                        "PK\3\4 an archive",
                                        "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old office file",
                                        "GIF89a",
                                        "MZ",
                                        "#!/bin/sh\n",
                                        "plain"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        refused(it, text(it, files[i]), PDF, STRANGE, "must be a PDF");
    refused(it, text(it, ""), PDF, REFUSED, "empty");
    struct buf behind = text(it, "<html></html>\n");
    struct buf pdf = specimen_pdf(&it->arena, NULL, NULL);
    refused(it, specimen_joined(&it->arena, behind, pdf.text, pdf.length), PDF, STRANGE, "");
}

static void what_goes_on_behind_its_end_is_refused(void **state)
{
    struct bench *it = *state;
    static const char *const tails[] = {"<?php system($_GET[0]); ?>", "<html>", "PK\5\6", "x"};
    struct buf files[] = {specimen_pdf(&it->arena, NULL, NULL),
                          specimen_png(&it->arena, 3, 2, NULL, true),
                          specimen_jpeg(&it->arena, 8, 8, NULL)};
    static const char *const names[][2] = {{PDF}, {PNG}, {JPEG}};
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < sizeof tails / sizeof *tails; j++)
            refused(it, specimen_joined(&it->arena, files[i], tails[j], strlen(tails[j])),
                    names[i][0], names[i][1], REFUSED, "behind its end");
        passes(it, specimen_joined(&it->arena, files[i], "\r\n \0", 4), names[i][0], names[i][1]);
    }
    struct buf two = specimen_joined(&it->arena, files[2], files[2].text, files[2].length);
    passes(it, two, JPEG); /* a telephone's preview */
    refused(it, specimen_joined(&it->arena, two, "\xff\xd8\xff\xd9", 4), JPEG, REFUSED, "damaged");
}

static void what_ends_too_early_is_refused_wherever_it_is_cut(void **state)
{
    struct bench *it = *state;
    struct buf files[] = {specimen_pdf(&it->arena, NULL, NULL),
                          specimen_png(&it->arena, 3, 2, NULL, true),
                          specimen_jpeg(&it->arena, 8, 8, NULL)};
    static const char *const names[][2] = {{PDF}, {PNG}, {JPEG}};
    for (size_t i = 0; i < 3; i++) {
        for (size_t cut = 2; cut < 8; cut++) {
            struct buf part = files[i];
            part.length = part.length * cut / 8;
            refused(it, part, names[i][0], names[i][1], REFUSED, "");
        }
    }
}

static void signs_of_another_format_inside_are_seen(void **state)
{
    struct bench *it = *state;
    static const char *const signs[] = {"x <?php eval(1); ?>", "x<SCRIPT src=x>", "x<html>",
                                        "x <svg/onload=1>", "x%PDF-1.4"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        refused(it, specimen_png(&it->arena, 3, 2, signs[i], true), PNG, REFUSED, "another file");
        refused(it, specimen_jpeg(&it->arena, 8, 8, signs[i]), JPEG, REFUSED, "another file");
    }
    refused(it, specimen_pdf(&it->arena, "(<html><script>)", NULL), PDF, REFUSED, "another file");
    static const char archive[] = "PK\5\6\0\0\0\0\0\0\nstartxref\n0\n%%EOF\n";
    struct buf pdf = specimen_pdf(&it->arena, NULL, NULL);
    refused(it, specimen_joined(&it->arena, pdf, archive, sizeof archive - 1), PDF, REFUSED,
            "another file");
}

static void a_pdf_that_acts_is_refused_however_it_says_so(void **state)
{
    struct bench *it = *state;
    static const char *const acts[] = {"<< /S /JavaScript /JS (app.alert(1)) >>",
                                       "<< /S /J#61vaScrip#74 /JS (1) >>",
                                       "<< /S/Launch/F (cmd.exe) >>",
                                       "<< /Type /EmbeddedFile >>",
                                       "<< /Names << /EmbeddedFiles 7 0 R >> >>",
                                       "<< /S /SubmitForm /F (http://x) >>",
                                       "<< /AcroForm << /XFA [] >> >>",
                                       "<< /Subtype /RichMedia >>"};
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        refused(it, specimen_pdf(&it->arena, acts[i], NULL), PDF, REFUSED,
                "print it into a new PDF");
        refused(it, specimen_pdf(&it->arena, NULL, acts[i]), PDF, REFUSED,
                "print it into a new PDF");
    }
    refused(it, specimen_pdf(&it->arena, "<< /Encrypt 9 0 R >>", NULL), PDF, REFUSED, "password");
    refused(it,
            specimen_pdf(&it->arena, "<< /Type /Obj#53tm /Filter /LZWDecode >>\nstream\n", NULL),
            PDF, REFUSED, "packed");
    passes(it, specimen_pdf(&it->arena, "(JavaScript) /JavaScripted", "<< /A /Launcher >>"), PDF);
}

static void a_bomb_in_a_pdf_is_put_down(void **state)
{
    struct bench *it = *state;
    char *numbers = arena_take(&it->arena, 128 * 1024 * 1024 + 1);
    memset(numbers, '7', 128 * 1024 * 1024);
    refused(it, specimen_pdf(&it->arena, NULL, numbers), PDF, REFUSED, "packed");
}

static void a_picture_that_claims_too_much_is_refused(void **state)
{
    struct bench *it = *state;
    refused(it, specimen_png(&it->arena, 60000, 60000, NULL, false), PNG, REFUSED, "pixels");
    refused(it, specimen_png(&it->arena, 0, 5, NULL, false), PNG, REFUSED, "damaged");
    passes(it, specimen_png(&it->arena, 10000, 5000, NULL, false), PNG);
}

static void a_picture_with_a_wrong_sum_is_refused(void **state)
{
    struct bench *it = *state;
    struct buf png = specimen_png(&it->arena, 3, 2, "Comment", true);
    png.text[45] ^= 1;
    refused(it, png, PNG, REFUSED, "damaged");
}

/* --- repainting --- */

static struct buf repainted(struct bench *it, struct buf file, struct verdict *verdict)
{
    struct spool *clean = NULL;
    struct buf out;
    spool(it, file);
    assert_int_equal(spool_open(it->store, 1, MOST, &it->fault, &clean), ERR_NONE);
    if (sniffer_repaint(it->sniffer, it->spool, clean, &it->fault, verdict))
        fail_msg("%s %s", it->fault.code, it->fault.detail ? it->fault.detail : it->fault.reason);
    assert_int_equal(spool_finish(clean, &it->fault), ERR_NONE);
    buf_begin(&out, &it->arena, spool_size(clean));
    assert_int_equal(pread(spool_fd(clean), out.text, spool_size(clean), 0), spool_size(clean));
    out.length = spool_size(clean);
    spool_drop(clean);
    return out;
}

static void a_logo_is_painted_anew_and_fits(void **state)
{
    struct bench *it = *state;
    struct buf files[] = {specimen_png(&it->arena, 2400, 400, "Comment secret", true),
                          specimen_jpeg(&it->arena, 2400, 400, "secret")};
    for (size_t i = 0; i < 2; i++) {
        struct verdict verdict;
        struct buf clean = repainted(it, files[i], &verdict);
        assert_int_equal(verdict.width, 1200);
        assert_int_equal(verdict.height, 200);
        assert_null(memmem(clean.text, clean.length, "secret", 6));
        passes(it, clean, PNG);
        png_image image = {.version = PNG_IMAGE_VERSION};
        assert_int_not_equal(png_image_begin_read_from_memory(&image, clean.text, clean.length), 0);
        image.format = PNG_FORMAT_RGBA;
        unsigned char *pixels = arena_take(&it->arena, PNG_IMAGE_SIZE(image));
        assert_int_not_equal(png_image_finish_read(&image, NULL, pixels, 0, NULL), 0);
        for (size_t j = 0; j < PNG_IMAGE_SIZE(image); j += 4)
            assert_true(abs(pixels[j] - 0x7F) < 3 && pixels[j + 3] == 0xFF);
    }
}

static void a_small_logo_keeps_its_size(void **state)
{
    struct bench *it = *state;
    struct verdict verdict;
    repainted(it, specimen_png(&it->arena, 1, 1, NULL, true), &verdict);
    assert_int_equal(verdict.width * verdict.height, 1);
    repainted(it, specimen_jpeg(&it->arena, 30, 800, NULL), &verdict);
    assert_int_equal(verdict.width, 15);
    assert_int_equal(verdict.height, 400);
}

static void what_cannot_be_painted_is_refused(void **state)
{
    struct bench *it = *state;
    struct buf files[] = {
        specimen_png(&it->arena, 200, 200, NULL, false), /* its pixels are missing */
        specimen_png(&it->arena, 6000, 6000, NULL, false), specimen_jpeg(&it->arena, 8, 8, NULL)};
    files[2] = specimen_joined(&it->arena, files[2], "x", 1);
    for (size_t i = 0; i < 3; i++) {
        struct spool *clean = NULL;
        struct verdict verdict;
        spool(it, files[i]);
        assert_int_equal(spool_open(it->store, 1, MOST, &it->fault, &clean), ERR_NONE);
        assert_int_equal(sniffer_repaint(it->sniffer, it->spool, clean, &it->fault, &verdict),
                         ERR_INPUT);
        assert_string_equal(it->fault.code, REFUSED);
        assert_int_equal(spool_size(clean), 0);
        spool_drop(clean);
    }
}

/* --- the processes --- */

/* The first process under this one that has such a parent; 0: none. */
static pid_t child_of(pid_t parent)
{
    DIR *list = opendir("/proc");
    pid_t found = 0;
    for (struct dirent *entry; !found && (entry = readdir(list));) {
        char path[300], line[512] = "";
        int pid = 0, ppid = 0;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = fopen(path, "r");
        if (file && fgets(line, sizeof line, file) && strrchr(line, ')') &&
            sscanf(line, "%d", &pid) == 1 && sscanf(strrchr(line, ')'), ") %*c %d", &ppid) == 1 &&
            ppid == parent)
            found = pid;
        if (file)
            fclose(file);
    }
    closedir(list);
    return found;
}

static void a_keeper_that_is_killed_is_forked_again(void **state)
{
    struct bench *it = *state;
    pid_t watcher = child_of(getpid()), keeper = child_of(watcher);
    assert_true(watcher > 0 && keeper > 0);
    kill(keeper, SIGKILL);
    passes(it, specimen_png(&it->arena, 3, 2, NULL, true), PNG); /* waits for the next one */
    assert_int_not_equal(child_of(watcher), keeper);
}

static void *judge_many(void *user)
{
    struct bench *it = user;
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    size_t wrong = 0;
    for (int i = 0; i < 20; i++) {
        struct verdict verdict;
        wrong += sniffer_judge(it->sniffer, it->spool, PNG, &fault, &verdict) != ERR_NONE ||
                 verdict.width != 3;
    }
    arena_end(&arena);
    return (void *)(uintptr_t)wrong;
}

static void *judge_one(void *user)
{
    struct bench *it = user;
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    struct verdict verdict;
    enum err err = sniffer_judge(it->sniffer, it->spool, PNG, &fault, &verdict);
    arena_end(&arena);
    return (void *)(uintptr_t)err;
}

static void an_innocent_file_is_not_blamed_for_a_keeper_s_death(void **state)
{
    struct bench *it = *state;
    pid_t watcher = child_of(getpid());
    spool(it, specimen_png(&it->arena, 3, 2, NULL, true));
    for (int i = 0; i < 60; i++) {
        pthread_t thread;
        void *err;
        pid_t keeper = child_of(watcher);
        assert_int_equal(pthread_create(&thread, NULL, judge_one, it), 0);
        usleep((useconds_t)(i % 20) * 100);
        if (keeper > 0)
            kill(keeper, SIGKILL);
        pthread_join(thread, &err);
        assert_null(err);
    }
}

static void many_threads_may_ask_at_once(void **state)
{
    struct bench *it = *state;
    pthread_t threads[8];
    spool(it, specimen_png(&it->arena, 3, 2, NULL, true));
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, judge_many, it), 0);
    for (size_t i = 0; i < 8; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_kinds_pass_with_their_size),
        cmocka_unit_test(name_declaration_and_content_must_agree),
        cmocka_unit_test(other_formats_are_none_of_them),
        cmocka_unit_test(what_goes_on_behind_its_end_is_refused),
        cmocka_unit_test(what_ends_too_early_is_refused_wherever_it_is_cut),
        cmocka_unit_test(signs_of_another_format_inside_are_seen),
        cmocka_unit_test(a_pdf_that_acts_is_refused_however_it_says_so),
        cmocka_unit_test(a_bomb_in_a_pdf_is_put_down),
        cmocka_unit_test(a_picture_that_claims_too_much_is_refused),
        cmocka_unit_test(a_picture_with_a_wrong_sum_is_refused),
        cmocka_unit_test(a_logo_is_painted_anew_and_fits),
        cmocka_unit_test(a_small_logo_keeps_its_size),
        cmocka_unit_test(what_cannot_be_painted_is_refused),
        cmocka_unit_test(a_keeper_that_is_killed_is_forked_again),
        cmocka_unit_test(an_innocent_file_is_not_blamed_for_a_keeper_s_death),
        cmocka_unit_test(many_threads_may_ask_at_once),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
