/* Hashes that an import brings: checked as they were made, refused when they are not what they say.
 */
#include "models/account/legacy_password.h"
#include "models/account/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

/* RFC 7914's neighbour: "password", "salt", 4096 rounds. */
static const char known[] = "pbkdf2_sha256$4096$salt$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o=";
static const char made[] =
    "pbkdf2_sha256$1000$SampleSaltOf22Letters0$KQMu+bpV8ofzQUYFTGpnhDArk/E4BJ6ihmDOpLhk15I=";

static void the_published_vector_matches(void **state)
{
    (void)state;
    assert_true(legacy_password_matches(known, "password"));
    assert_false(legacy_password_matches(known, "Password"));
    assert_false(legacy_password_matches(known, ""));
}

static void the_right_password_matches_and_becomes_argon2id(void **state)
{
    (void)state;
    struct password_job *job = password_job_make(made, "Long-Sample-Pass-1", NULL);
    password_job_run(job);
    assert_true(job->is_right);
    assert_memory_equal(job->hash, "$argon2id$", 10);
    assert_true(password_matches(job->hash, "Long-Sample-Pass-1"));
    password_job_release(job);
}

static void a_wrong_password_makes_no_hash(void **state)
{
    (void)state;
    struct password_job *job = password_job_make(made, "Long-Sample-Pass-2", NULL);
    password_job_run(job);
    assert_false(job->is_right);
    assert_string_equal(job->hash, "");
    password_job_release(job);
}

static void what_is_no_such_hash_is_refused_at_once(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "plain",
        "pbkdf2_sha256$",
        "pbkdf2_sha1$4096$salt$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o=",
        "pbkdf2_sha256$0$salt$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o=",
        "pbkdf2_sha256$04096$salt$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o=",
        "pbkdf2_sha256$4096$$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o=",
        "pbkdf2_sha256$4096$salt$",
        "pbkdf2_sha256$4096$salt$AAAA",
        "pbkdf2_sha256$4096$salt$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o=AA",
        "pbkdf2_sha256$2000001$salt$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o=",
        "pbkdf2_sha256$99999999999999999999$salt$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o=",
    };
    unsigned rounds = 7;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(legacy_password_read(wrong[i], &rounds));
        assert_false(password_matches(wrong[i], "password"));
    }
    assert_int_equal(rounds, 7);
    assert_false(legacy_password_read(NULL, &rounds));
}

static void the_work_is_counted(void **state)
{
    (void)state;
    uint64_t before = password_work_kib();
    assert_true(password_matches(known, "password"));
    assert_true(password_work_kib() > before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_vector_matches),
        cmocka_unit_test(the_right_password_matches_and_becomes_argon2id),
        cmocka_unit_test(a_wrong_password_makes_no_hash),
        cmocka_unit_test(what_is_no_such_hash_is_refused_at_once),
        cmocka_unit_test(the_work_is_counted),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
