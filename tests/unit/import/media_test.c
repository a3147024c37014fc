/* The way to a legacy file: nothing leads up, out, or through a link. */
#include "db/import/media.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* root/media/reports/a.pdf (5 bytes), root/media/way -> reports, root/media/reports/link.pdf ->
 * a.pdf, root/media/reports/pipe.pdf, root/outside.pdf */
static char root[64];
static const char *const made[] = {"media/reports/a.pdf",
                                   "media/reports/link.pdf",
                                   "media/reports/pipe.pdf",
                                   "media/way",
                                   "outside.pdf",
                                   "media/reports",
                                   "media",
                                   ""};

static const char *below(const char *name, char out[192])
{
    snprintf(out, 192, "%s/%s", root, name);
    return out;
}

static void file_write(const char *name)
{
    char path[192];
    FILE *file = fopen(below(name, path), "w");
    assert_non_null(file);
    fputs("bytes", file);
    assert_int_equal(fclose(file), 0);
}

static int begin(void **state)
{
    char path[192];
    (void)state;
    snprintf(root, sizeof root, "%s/clinicd-media-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(root));
    assert_int_equal(mkdir(below("media", path), 0700), 0);
    assert_int_equal(mkdir(below("media/reports", path), 0700), 0);
    file_write("media/reports/a.pdf");
    file_write("outside.pdf");
    assert_int_equal(symlink("a.pdf", below("media/reports/link.pdf", path)), 0);
    assert_int_equal(symlink("reports", below("media/way", path)), 0);
    assert_int_equal(mkfifo(below("media/reports/pipe.pdf", path), 0600), 0);
    return 0;
}

static int end(void **state)
{
    char path[192];
    (void)state;
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        assert_int_equal(remove(below(made[i], path)), 0);
    return 0;
}

static enum media found(const char *path)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    char place[192];
    int folder, file = -1;
    uint64_t size = 0;
    assert_int_equal(media_open(below("media", place), &fault, &folder), ERR_NONE);
    enum media media = media_find(folder, path, &file, &size);
    close(folder);
    assert_int_equal(media == MEDIA_THERE, file >= 0);
    if (file >= 0) {
        assert_int_equal(size, 5);
        close(file);
    }
    return media;
}

static void a_file_below_the_folder_is_found(void **state)
{
    (void)state;
    assert_int_equal(found("reports/a.pdf"), MEDIA_THERE);
    assert_int_equal(found("reports/b.pdf"), MEDIA_MISSING);
    assert_int_equal(found("elsewhere/a.pdf"), MEDIA_MISSING);
    assert_int_equal(found(""), MEDIA_MISSING);
}

static void no_path_leads_out(void **state)
{
    static const char *const hostile[] = {
        "../outside.pdf",
        "reports/../../outside.pdf",
        "/etc/passwd",
        "reports/..",
        "reports/../reports/a.pdf",
        "reports//a.pdf",
        "./reports/a.pdf",
        "reports/./a.pdf",
        "..",
        ".",
        "/",
        "reports/",
        "reports",
        "reports/a.pdf/",
        "reports/a.pdf/b",
    };
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
        assert_int_not_equal(found(hostile[i]), MEDIA_THERE);
    assert_int_equal(found("../outside.pdf"), MEDIA_REFUSED);
    assert_int_equal(found("/etc/passwd"), MEDIA_REFUSED);
    assert_int_equal(found("reports/../../outside.pdf"), MEDIA_REFUSED);
}

static void no_link_is_followed_and_no_pipe_waited_for(void **state)
{
    (void)state;
    assert_int_equal(found("reports/link.pdf"), MEDIA_REFUSED);
    assert_int_equal(found("way/a.pdf"), MEDIA_REFUSED);
    assert_int_equal(found("reports/pipe.pdf"), MEDIA_REFUSED);
}

static void a_name_that_no_file_can_have_is_refused(void **state)
{
    char name[600];
    (void)state;
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(found(name), MEDIA_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_below_the_folder_is_found, begin, end),
        cmocka_unit_test_setup_teardown(no_path_leads_out, begin, end),
        cmocka_unit_test_setup_teardown(no_link_is_followed_and_no_pipe_waited_for, begin, end),
        cmocka_unit_test_setup_teardown(a_name_that_no_file_can_have_is_refused, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
