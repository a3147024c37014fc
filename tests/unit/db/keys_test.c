#include "db/keys.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff"

struct bench {
    struct arena arena;
    struct fault fault;
    char dir[32];
    char path[64];
    struct keys *keys;
};

static int begin(void **state)
{
    struct bench *bench = test_calloc(1, sizeof *bench);
    bench->fault.arena = &bench->arena;
    strcpy(bench->dir, "/tmp/keys-XXXXXX");
    assert_non_null(mkdtemp(bench->dir));
    snprintf(bench->path, sizeof bench->path, "%s/keys", bench->dir);
    *state = bench;
    return 0;
}

static int end(void **state)
{
    struct bench *bench = *state;
    keys_free(bench->keys);
    unlink(bench->path);
    assert_int_equal(rmdir(bench->dir), 0); /* nothing else was left behind */
    arena_end(&bench->arena);
    test_free(bench);
    return 0;
}

static void load(struct bench *bench)
{
    struct keys *keys = NULL;
    enum err err = keys_load(bench->path, &bench->fault, &keys);
    if (err)
        fail_msg("%s", bench->fault.detail);
    keys_free(bench->keys);
    bench->keys = keys;
    keys_use(keys);
}

static void file_write(struct bench *bench, const char *text)
{
    FILE *file = fopen(bench->path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(bench->path, 0600), 0);
}

static void load_two(struct bench *bench)
{
    file_write(bench, "{\"keys\": [{\"id\": 1, \"made_at\": \"\", \"key\": \"" KEY_A "\"},"
                      " {\"id\": 2, \"made_at\": \"\", \"key\": \"" KEY_B "\"}]}");
    load(bench);
}

static void load_one(struct bench *bench)
{
    file_write(bench, "{\"keys\": [{\"id\": 1, \"made_at\": \"\", \"key\": \"" KEY_A "\"}]}");
    load(bench);
}

static void a_file_is_made_once_and_for_us_alone(void **state)
{
    struct bench *bench = *state;
    struct stat made;
    load(bench);
    char *sealed = keys_seal(&bench->arena, KEY_COLUMN, "a", "secret", 6);
    assert_int_equal(stat(bench->path, &made), 0);
    assert_int_equal(made.st_mode & 07777, 0600);
    load(bench);
    assert_string_equal(keys_open(&bench->arena, KEY_COLUMN, "a", sealed, NULL), "secret");
}

static void *loader_main(void *user)
{
    struct bench *bench = user;
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    struct keys *keys = NULL;
    return keys_load(bench->path, &fault, &keys) ? NULL : keys;
}

static void first_starts_at_the_same_time_agree(void **state)
{
    struct bench *bench = *state;
    pthread_t threads[8];
    char *sealed = NULL;
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, loader_main, bench), 0);
    for (int i = 0; i < 8; i++) {
        void *keys = NULL;
        pthread_join(threads[i], &keys);
        assert_non_null(keys);
        keys_use(keys);
        if (!sealed)
            sealed = keys_seal(&bench->arena, KEY_COLUMN, "a", "x", 1);
        assert_non_null(keys_open(&bench->arena, KEY_COLUMN, "a", sealed, NULL));
        keys_free(keys);
    }
}

static void a_file_that_others_can_reach_is_refused(void **state)
{
    struct bench *bench = *state;
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610};
    load(bench);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        struct keys *keys = NULL;
        chmod(bench->path, modes[i]);
        assert_int_equal(keys_load(bench->path, &bench->fault, &keys), ERR_INTERNAL);
        assert_non_null(strstr(bench->fault.detail, "mode must be 0600"));
        assert_null(keys);
        fault_reset(&bench->fault);
    }
}

static void a_file_that_holds_no_keys_is_refused_and_kept(void **state)
{
    struct bench *bench = *state;
    static const char *const bad[] = {
        "",
        "{}",
        "{\"keys\": []}",
        "{\"keys\": [{\"id\": 1, \"key\": \"\"}]}",
        "{\"keys\": [{\"id\": 0, \"key\": \"" KEY_A "\"}]}",
        "{\"keys\": [{\"id\": \"1\", \"key\": \"" KEY_A "\"}]}",
        "{\"keys\": [{\"id\": 1, \"key\": \"" KEY_A "00\"}]}",
        "{\"keys\": [{\"id\": 1, \"key\": \"zz" KEY_A "\"}]}",
        "{\"keys\": [{\"id\": 1, \"key\": \"" KEY_A "\"}, {\"id\": 1, \"key\": \"" KEY_B "\"}]}",
        "{\"keys\": [{\"id\": 2, \"key\": \"" KEY_A "\"}, {\"id\": 1, \"key\": \"" KEY_B "\"}]}",
        "{\"keys\": [{\"id\": 1, \"key\": \"" KEY_A "\"}]} trailing",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct keys *keys = NULL;
        struct stat kept;
        file_write(bench, bad[i]);
        assert_int_equal(keys_load(bench->path, &bench->fault, &keys), ERR_INTERNAL);
        assert_null(keys);
        fault_reset(&bench->fault);
        assert_int_equal(stat(bench->path, &kept), 0);
        assert_int_equal(kept.st_size, strlen(bad[i]));
    }
}

static void a_signature_covers_each_part_and_its_place(void **state)
{
    struct bench *bench = *state;
    unsigned char signature[SIGNATURE_BYTES];
    load_one(bench);
    const char *const parts[] = {"ab", "c"};
    const size_t lengths[] = {2, 1};
    keys_sign(KEY_CURSOR, parts, lengths, 2, signature);
    assert_true(keys_verify(KEY_CURSOR, parts, lengths, 2, signature));
    assert_false(keys_verify(KEY_SHARE, parts, lengths, 2, signature));
    assert_false(keys_verify(KEY_CURSOR, parts, lengths, 1, signature));
    assert_false(keys_verify(KEY_CURSOR, (const char *const[]){"a", "bc"}, (const size_t[]){1, 2},
                             2, signature));
    assert_false(keys_verify(KEY_CURSOR, (const char *const[]){"ab", "d"}, lengths, 2, signature));
    for (size_t i = 0; i < SIGNATURE_BYTES; i++) {
        signature[i] ^= 1;
        assert_false(keys_verify(KEY_CURSOR, parts, lengths, 2, signature));
        signature[i] ^= 1;
    }
}

static void after_a_rotation_the_old_key_still_verifies_and_opens(void **state)
{
    struct bench *bench = *state;
    const char *const parts[] = {"x"};
    const size_t lengths[] = {1};
    unsigned char old[SIGNATURE_BYTES];
    unsigned char new[SIGNATURE_BYTES];
    unsigned char secret_old[SECRET_BYTES];
    unsigned char secret[SECRET_BYTES];
    load_one(bench);
    keys_sign(KEY_CURSOR, parts, lengths, 1, old);
    char *sealed = keys_seal(&bench->arena, KEY_COLUMN, "clinic 7", "1234", 4);
    assert_true(keys_derive(KEY_REFRESH, 0, "token", 5, secret_old));
    assert_false(keys_derive(KEY_REFRESH, 1, "token", 5, secret));
    load_two(bench);
    assert_true(keys_verify(KEY_CURSOR, parts, lengths, 1, old));
    keys_sign(KEY_CURSOR, parts, lengths, 1, new);
    assert_memory_not_equal(old, new, SIGNATURE_BYTES);
    assert_string_equal(keys_open(&bench->arena, KEY_COLUMN, "clinic 7", sealed, NULL), "1234");
    assert_memory_equal(keys_seal(&bench->arena, KEY_COLUMN, "clinic 7", "1", 1), "2.", 2);
    assert_true(keys_derive(KEY_REFRESH, 0, "token", 5, secret));
    assert_memory_not_equal(secret, secret_old, SECRET_BYTES);
    assert_true(keys_derive(KEY_REFRESH, 1, "token", 5, secret));
    assert_memory_equal(secret, secret_old, SECRET_BYTES);
    assert_false(keys_derive(KEY_REFRESH, 2, "token", 5, secret));
    load_one(bench);
    assert_false(keys_verify(KEY_CURSOR, parts, lengths, 1, new));
}

static void what_is_sealed_opens_only_where_it_belongs(void **state)
{
    struct bench *bench = *state;
    size_t length = 0;
    load_one(bench);
    char *sealed = keys_seal(&bench->arena, KEY_COLUMN, "clinic 7", "a\0b", 3);
    char *plain = keys_open(&bench->arena, KEY_COLUMN, "clinic 7", sealed, &length);
    assert_int_equal(length, 3);
    assert_memory_equal(plain, "a\0b", 4);
    assert_null(keys_open(&bench->arena, KEY_COLUMN, "clinic 8", sealed, NULL));
    assert_null(keys_open(&bench->arena, KEY_ANSWER, "clinic 7", sealed, NULL));
    assert_string_not_equal(sealed, keys_seal(&bench->arena, KEY_COLUMN, "clinic 7", "a\0b", 3));
    assert_string_equal(keys_open(&bench->arena, KEY_COLUMN, "",
                                  keys_seal(&bench->arena, KEY_COLUMN, "", "", 0), &length),
                        "");
    assert_int_equal(length, 0);
}

static void what_was_touched_does_not_open(void **state)
{
    struct bench *bench = *state;
    static const char *const bad[] = {"",       "1",     "1.",         ".abc",
                                      "x.abc",  "2.abc", "-1.abc",     " 1.",
                                      "1.abc=", "1.+/",  "1.abcdefgh", "99999999999999999999.a"};
    load_one(bench);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_null(keys_open(&bench->arena, KEY_COLUMN, "a", bad[i], NULL));
    char *sealed = keys_seal(&bench->arena, KEY_COLUMN, "a", "plain text", 10);
    for (size_t i = 2; sealed[i]; i++) {
        char *touched = arena_copy(&bench->arena, sealed);
        touched[i] = touched[i] == 'A' ? 'B' : 'A';
        assert_null(keys_open(&bench->arena, KEY_COLUMN, "a", touched, NULL));
        touched[i] = '\0';
        assert_null(keys_open(&bench->arena, KEY_COLUMN, "a", touched, NULL));
    }
}

static void an_answer_opens_with_its_secret_only(void **state)
{
    struct bench *bench = *state;
    size_t length = 0;
    load_one(bench);
    char *sealed = keys_seal_with(&bench->arena, "key-1", "answer", 6);
    load_two(bench);
    assert_string_equal(keys_open_with(&bench->arena, "key-1", sealed, &length), "answer");
    assert_int_equal(length, 6);
    assert_null(keys_open_with(&bench->arena, "key-2", sealed, &length));
    assert_null(keys_open(&bench->arena, KEY_ANSWER, "", sealed, &length));
    assert_null(keys_open_with(&bench->arena, "key-1", "nonsense", &length));
}

static void a_digest_is_sha_256(void **state)
{
    (void)state;
    char out[DIGEST_TEXT];
    assert_string_equal(digest_hex("abc", 3, out),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(digest_hex("", 0, out),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void tokens_are_safe_in_urls_and_never_twice(void **state)
{
    struct bench *bench = *state;
    char *token = random_token(&bench->arena, "cd_", 32);
    assert_int_equal(strlen(token), 3 + 43);
    assert_memory_equal(token, "cd_", 3);
    assert_int_equal(
        strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 46);
    assert_string_not_equal(token, random_token(&bench->arena, "cd_", 32));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_made_once_and_for_us_alone),
        TEST(first_starts_at_the_same_time_agree),
        TEST(a_file_that_others_can_reach_is_refused),
        TEST(a_file_that_holds_no_keys_is_refused_and_kept),
        TEST(a_signature_covers_each_part_and_its_place),
        TEST(after_a_rotation_the_old_key_still_verifies_and_opens),
        TEST(what_is_sealed_opens_only_where_it_belongs),
        TEST(what_was_touched_does_not_open),
        TEST(an_answer_opens_with_its_secret_only),
        TEST(a_digest_is_sha_256),
        TEST(tokens_are_safe_in_urls_and_never_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
