/* How passwords are kept and judged: models/account/password.h. */
#include "models/account/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct password_cost cheap = {.memory_kib = 8, .passes = 1};
static const char tail[] = "$bm9ib2R5IGhhcyB0aGlzLg$bm9ib2R5IGhhcyBhIHBhc3N3b3JkIGxpa2UgdGhpcy4";

static bool is_readable(const char *head)
{
    char stored[256];
    struct password_cost cost;
    snprintf(stored, sizeof stored, "%s%s", head, tail);
    return password_cost_read(stored, &cost);
}

static uint64_t work_of(const char *stored)
{
    uint64_t before = password_work_kib();
    struct password_job *job = password_job_make(stored, "a wrong guess", NULL);
    password_job_run(job);
    assert_false(job->is_right);
    password_job_release(job);
    return password_work_kib() - before;
}

static void a_hash_names_its_parameters_and_matches_only_its_password(void **state)
{
    (void)state;
    struct fault fault = {0};
    char hash[PASSWORD_HASH_TEXT];
    struct password_cost cost;
    assert_int_equal(password_hash("plum orchard quiet", &password_target, &fault, hash), ERR_NONE);
    assert_true(password_cost_read(hash, &cost));
    assert_int_equal(cost.memory_kib, 19456);
    assert_int_equal(cost.passes, 2);
    assert_true(password_matches(hash, "plum orchard quiet"));
    assert_false(password_matches(hash, "plum orchard quie"));
    assert_false(password_matches(hash, "plum orchard quiet "));
    assert_false(password_matches(hash, ""));
}

static void a_cheaper_hash_needs_another_and_a_dearer_one_does_not(void **state)
{
    (void)state;
    struct fault fault = {0};
    char hash[PASSWORD_HASH_TEXT];
    assert_int_equal(password_hash("plum orchard quiet", &cheap, &fault, hash), ERR_NONE);
    assert_true(password_needs_rehash(hash, &password_target));
    assert_false(password_needs_rehash(hash, &cheap));
    assert_true(password_needs_rehash(hash, &(struct password_cost){.memory_kib = 8, .passes = 2}));
    assert_true(password_needs_rehash("not a hash", &cheap));
}

static void a_stored_hash_that_asks_for_too_much_is_refused_before_any_work(void **state)
{
    (void)state;
    char stored[256];
    snprintf(stored, sizeof stored, "$argon2id$v=19$m=4194304,t=2,p=1%s", tail);
    assert_int_equal(work_of(stored), 0);
    assert_true(is_readable("$argon2id$v=19$m=65536,t=10,p=1"));
    assert_false(is_readable("$argon2id$v=19$m=65537,t=10,p=1"));
    assert_false(is_readable("$argon2id$v=19$m=65536,t=11,p=1"));
}

static void malformed_stored_hashes_are_refused(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "",
        "$argon2i$v=19$m=19456,t=2,p=1",
        "$argon2id$v=16$m=19456,t=2,p=1",
        "$argon2id$v=19$m=19456,t=0,p=1",
        "$argon2id$v=19$m=-19456,t=2,p=1",
        "$argon2id$v=19$m= 19456,t=2,p=1",
        "$argon2id$v=19$m=019456,t=2,p=1",
        "$argon2id$v=19$m=7,t=2,p=1",
        "$argon2id$v=19$m=99999999999999999999,t=2,p=1",
        "$argon2id$v=19$m=19456,t=2,p=4",
        "$argon2id$v=19$t=2,m=19456,p=1",
        "x$argon2id$v=19$m=19456,t=2,p=1",
        "$pbkdf2_sha256$1000000",
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        assert_false(is_readable(heads[i]));
        assert_int_equal(work_of(heads[i]), 0);
    }
    struct password_cost cost;
    assert_false(password_cost_read(NULL, &cost));
    assert_false(password_cost_read("$argon2id$v=19$m=19456,t=2,p=1$$", &cost));
    char longer[256];
    snprintf(longer, sizeof longer, "$argon2id$v=19$m=19456,t=2,p=1%s=", tail);
    assert_false(password_cost_read(longer, &cost));
}

static void nobody_has_the_password_of_the_dummy(void **state)
{
    (void)state;
    char dummy[PASSWORD_HASH_TEXT];
    struct password_cost cost;
    assert_true(password_cost_read(password_dummy(&password_target, dummy), &cost));
    assert_int_equal(cost.memory_kib, password_target.memory_kib);
    assert_int_equal(cost.passes, password_target.passes);
    assert_false(password_matches(dummy, ""));
    assert_false(password_matches(dummy, "nobody's hash"));
}

static void an_unknown_name_costs_what_a_wrong_password_costs(void **state)
{
    (void)state;
    struct fault fault = {0};
    char hash[PASSWORD_HASH_TEXT];
    assert_int_equal(password_hash("plum orchard quiet", &password_target, &fault, hash), ERR_NONE);
    assert_int_equal(work_of(hash), 19456 * 2);
    assert_int_equal(work_of(NULL), 19456 * 2);
}

static void a_job_rehashes_only_what_is_right_and_too_cheap(void **state)
{
    (void)state;
    struct fault fault = {0};
    char hash[PASSWORD_HASH_TEXT];
    assert_int_equal(password_hash("plum orchard quiet", &cheap, &fault, hash), ERR_NONE);
    struct password_job *right = password_job_make(hash, "plum orchard quiet", NULL);
    password_job_run(right);
    assert_true(right->is_right);
    assert_true(password_matches(right->hash, "plum orchard quiet"));
    assert_false(password_needs_rehash(right->hash, &password_target));
    assert_null(right->given); /* wiped at once */
    struct password_job *wrong = password_job_make(hash, "plum orchard loud", "a new password");
    password_job_run(wrong);
    assert_false(wrong->is_right);
    assert_string_equal(wrong->hash, "");
    struct password_job *change = password_job_make(hash, "plum orchard quiet", "a new password");
    password_job_run(change);
    assert_true(password_matches(change->hash, "a new password"));
    struct password_job *again = password_job_make(right->hash, "plum orchard quiet", NULL);
    password_job_run(again);
    assert_true(again->is_right);
    assert_string_equal(again->hash, "");
    password_job_release(right);
    password_job_release(wrong);
    password_job_release(change);
    password_job_release(again);
}

static const char *judged(const char *password)
{
    struct password_words words = {.slug = "lakeside-clinic",
                                   .clinic_name = "Dr. Quillon's Lakeside Care",
                                   .username = "asha.venkat",
                                   .phone = "+91 80 5550 0142"};
    return password_fault(password, &words);
}

static void length_is_counted_in_characters_and_capped_in_bytes(void **state)
{
    (void)state;
    char longest[300];
    for (int i = 0; i < 300; i++)
        longest[i] = "plumorchdtquies"[i * 7 % 15];
    assert_non_null(judged("xk29vplq7tz"));
    assert_null(judged("xk29vplq7tzm"));
    assert_null(judged("xk29 vplq7tz"));
    assert_non_null(judged("🌱🌱🌲🌳🌴"));
    assert_null(judged("🌱🌲🌳🌴🌵🌾🌿🍀🍁🍂🍃🍄"));
    longest[256] = '\0';
    assert_null(judged(longest));
    longest[256] = 'x';
    longest[257] = '\0';
    assert_non_null(judged(longest));
}

static void what_everybody_tries_first_is_refused(void **state)
{
    (void)state;
    static const char *const common[] = {
        "password1234",  "PasswordPassword", "1qaz2wsx3edc",    "qwertyuiop[]", "P@ssw0rd!2026",
        "aaaaaaaaaaaaa", "abcabcabcabc",     "123456789012",    "Admin@123456", "!!Welcome!!2026",
        "iloveyou12345", "Hospital@2025#1",  "receptionist123", "0123456789ab",
    };
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (!judged(common[i]))
            fail_msg("%s was accepted", common[i]);
}

static void names_of_the_clinic_and_of_oneself_are_refused(void **state)
{
    (void)state;
    assert_non_null(judged("my LAKESIDE view 77"));
    assert_non_null(judged("quillon was here 9"));
    assert_non_null(judged("venkat likes plums"));
    assert_non_null(judged("ring me 5550-0142 ok"));
    assert_null(judged("plum orchard quiet lantern"));
    assert_null(judged("77 plums and 0142x"));
}

static void one_time_passwords_are_long_readable_and_never_twice_the_same(void **state)
{
    (void)state;
    struct arena arena = {0};
    const char *first = password_one_time(&arena), *second = password_one_time(&arena);
    assert_int_equal(strlen(first), 24);
    assert_string_not_equal(first, second);
    assert_null(judged(first));
    for (int i = 0; i < 24; i++)
        assert_true(i % 5 == 4 ? first[i] == '-' : strchr("il01o-", first[i]) == NULL);
    arena_end(&arena);
}

static const char *const listed[] = {
#include "models/account/common_passwords.inc"
};
static const char *const bases[] = {
#include "models/account/common_bases.inc"
};

static void the_lists_are_sorted_and_long_enough_to_matter(void **state)
{
    (void)state;
    size_t n = sizeof listed / sizeof *listed;
    assert_true(n >= 3000);
    for (size_t i = 0; i < n; i++) {
        assert_true(strlen(listed[i]) >= PASSWORD_LEAST);
        assert_true(i == 0 || strcmp(listed[i - 1], listed[i]) < 0);
        assert_non_null(judged(listed[i]));
    }
    for (size_t i = 1; i < sizeof bases / sizeof *bases; i++)
        assert_true(strcmp(bases[i - 1], bases[i]) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_names_its_parameters_and_matches_only_its_password),
        cmocka_unit_test(a_cheaper_hash_needs_another_and_a_dearer_one_does_not),
        cmocka_unit_test(a_stored_hash_that_asks_for_too_much_is_refused_before_any_work),
        cmocka_unit_test(malformed_stored_hashes_are_refused),
        cmocka_unit_test(nobody_has_the_password_of_the_dummy),
        cmocka_unit_test(an_unknown_name_costs_what_a_wrong_password_costs),
        cmocka_unit_test(a_job_rehashes_only_what_is_right_and_too_cheap),
        cmocka_unit_test(length_is_counted_in_characters_and_capped_in_bytes),
        cmocka_unit_test(what_everybody_tries_first_is_refused),
        cmocka_unit_test(names_of_the_clinic_and_of_oneself_are_refused),
        cmocka_unit_test(one_time_passwords_are_long_readable_and_never_twice_the_same),
        cmocka_unit_test(the_lists_are_sorted_and_long_enough_to_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
