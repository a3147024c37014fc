/* The check code: it says what it was made of, and nobody else can make one. */
#include "api/document/check.h"
#include "db/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

static struct keys *keys;
static char folder[] = "/tmp/clinicd-check-XXXXXX";

static const struct paper_check paper = {
    .clinic_id = 7001, .prescription_id = "019345f2-7c1a-7d30-8a5e-2f6b1c9d0e47", .version = 4};

static int setup(void **state)
{
    (void)state;
    static char path[64];
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/keys.json", folder);
    if (keys_load(path, &fault, &keys))
        return -1;
    keys_use(keys);
    arena_end(&arena);
    unlink(path);
    rmdir(folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    keys_free(keys);
    return 0;
}

static void a_code_says_what_it_was_made_of(void **state)
{
    (void)state;
    char code[PAPER_CHECK_TEXT], again[PAPER_CHECK_TEXT];
    struct paper_check out;
    paper_check_code(&paper, code);
    assert_string_equal(code, paper_check_code(&paper, again));
    assert_true(paper_check_parse(code, &out));
    assert_int_equal(out.clinic_id, paper.clinic_id);
    assert_int_equal(out.version, paper.version);
    assert_string_equal(out.prescription_id, paper.prescription_id);
}

static void a_code_that_was_changed_is_none(void **state)
{
    (void)state;
    char code[PAPER_CHECK_TEXT];
    struct paper_check out;
    paper_check_code(&paper, code);
    for (size_t i = 0; code[i]; i++) {
        char was = code[i];
        code[i] = was == 'A' ? 'B' : 'A';
        assert_false(paper_check_parse(code, &out));
        code[i] = was;
    }
    code[strlen(code) - 1] = '\0';
    assert_false(paper_check_parse(code, &out));
    assert_false(paper_check_parse("", &out));
    assert_false(paper_check_parse("not a code", &out));
}

/* Papers of one clinic have nothing in common that a stranger could read. */
static void a_code_shows_no_number_of_the_clinic(void **state)
{
    (void)state;
    char code[PAPER_CHECK_TEXT];
    unsigned char bytes[PAPER_CHECK_TEXT];
    size_t length = 0;
    paper_check_code(&paper, code);
    assert_int_equal(sodium_base642bin(bytes, sizeof bytes, code, strlen(code), NULL, &length, NULL,
                                       sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                     0);
    const unsigned char number[] = {7001 >> 8, 7001 & 0xff}, id[] = {0x01, 0x93, 0x45, 0xf2};
    assert_null(memmem(bytes, length, number, sizeof number));
    assert_null(memmem(bytes, length, id, sizeof id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_says_what_it_was_made_of),
        cmocka_unit_test(a_code_that_was_changed_is_none),
        cmocka_unit_test(a_code_shows_no_number_of_the_clinic),
    };
    return cmocka_run_group_tests_name("check", tests, setup, teardown);
}
