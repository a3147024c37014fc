/* The directory of clinics in memory: models/clinic/directory.h. */
#include "models/clinic/directory.h"

#include "db/database.h"
#include "tests/harness/die.h"
#include "tests/harness/postgres.h"
#include "tests/harness/seed.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct postgres_database database;
    struct database *service;
    PGconn *boss;
    struct directory *directory;
    struct arena arena;
    struct fault fault;
};

static int setup(void **state)
{
    struct fixture *it = test_calloc(1, sizeof *it);
    it->fault.arena = &it->arena;
    postgres_database("directory", &it->database);
    it->boss = sql_connect(it->database.superuser_url);
    seed_clinic(it->boss, &seed_a);
    seed_clinic(it->boss, &seed_suspended);
    seed_clinic(it->boss, &seed_expired);
    seed_clinic(it->boss, &seed_importing);
    seed_clinic(it->boss, &seed_inactive);
    struct database_options options = {.url = it->database.app_url,
                                       .read_connections = 1,
                                       .write_connections = 1,
                                       .transaction_connections = 1,
                                       .acquire_timeout_ms = 2000,
                                       .statement_timeout_ms = 5000,
                                       .lock_timeout_ms = 2000};
    if (database_open(&options, &it->fault, &it->service))
        die("database: %s", it->fault.reason ? it->fault.reason : it->fault.code);
    assert_int_equal(directory_load(it->service, &it->fault, &it->directory), ERR_NONE);
    *state = it;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *it = *state;
    directory_free(it->directory);
    database_close(it->service);
    sql_close(&it->boss);
    postgres_drop(&it->database);
    arena_end(&it->arena);
    test_free(it);
    return 0;
}

static enum clinic_state state_of(struct fixture *it, const struct seed *seed)
{
    const struct clinic_entry *entry = directory_find(it->directory, seed->slug);
    assert_non_null(entry);
    assert_int_equal(entry->clinic_id, seed->clinic_id);
    return entry->state;
}

static void every_clinic_is_found_by_its_slug_with_its_state(void **state)
{
    struct fixture *it = *state;
    assert_int_equal(state_of(it, &seed_a), CLINIC_ACTIVE);
    assert_int_equal(state_of(it, &seed_suspended), CLINIC_CLOSED);
    assert_int_equal(state_of(it, &seed_inactive), CLINIC_CLOSED);
    assert_int_equal(state_of(it, &seed_expired), CLINIC_EXPIRED);
    assert_int_equal(state_of(it, &seed_importing), CLINIC_IMPORTING);
    assert_null(directory_find(it->directory, "no-such-clinic"));
    assert_null(directory_find(it->directory, ""));
    assert_ptr_equal(directory_find_id(it->directory, seed_expired.clinic_id),
                     directory_find(it->directory, seed_expired.slug));
    assert_null(directory_find_id(it->directory, 0));
    assert_null(directory_find_id(it->directory, -1));
}

static void a_change_is_seen_after_a_refresh_and_the_old_entry_stays_good(void **state)
{
    struct fixture *it = *state;
    const struct clinic_entry *old = directory_find(it->directory, seed_a.slug);
    sql_run(it->boss,
            "UPDATE clinicd.clinic SET status = 'suspended', idle_minutes = 7 WHERE slug = '%s'",
            seed_a.slug);
    assert_ptr_equal(directory_find(it->directory, seed_a.slug), old);
    assert_int_equal(directory_refresh(it->directory, seed_a.clinic_id, &it->fault), ERR_NONE);
    assert_int_equal(state_of(it, &seed_a), CLINIC_CLOSED);
    assert_int_equal(directory_find(it->directory, seed_a.slug)->idle_ttl_s, 420);
    assert_int_equal(old->state, CLINIC_ACTIVE);
    assert_string_equal(old->slug, seed_a.slug);
}

static void a_new_slug_is_found_and_the_old_one_is_not(void **state)
{
    struct fixture *it = *state;
    for (int round = 0; round < 3; round++) {
        sql_run(it->boss, "UPDATE clinicd.clinic SET slug = 'renamed-%d' WHERE clinic_id = %lld",
                round, (long long)seed_a.clinic_id);
        enum err err = round == 1 ? directory_refresh_all(it->directory, &it->fault)
                                  : directory_refresh(it->directory, seed_a.clinic_id, &it->fault);
        assert_int_equal(err, ERR_NONE);
        char slug[] = "renamed-0", before[] = "renamed-0";
        slug[8] = (char)('0' + round);
        before[8] = (char)('0' + round - 1);
        assert_non_null(directory_find(it->directory, slug));
        assert_null(directory_find(it->directory, round ? before : seed_a.slug));
        assert_ptr_equal(directory_find_id(it->directory, seed_a.clinic_id),
                         directory_find(it->directory, slug));
    }
}

static void insert_clinics(struct fixture *it, int from, int to)
{
    sql_run(
        it->boss,
        "INSERT INTO clinicd.clinic (clinic_id, id, slug, name, address, city, state, zip_code, "
        "phone_number, email, registration_number, created_at, updated_at) SELECT 10000 + n, "
        "gen_random_uuid(), 'clinic-' || n, 'Clinic ' || n, 'a', 'c', 's', 'z', 'p', 'e', "
        "'REG-' || n, '2026-01-01Z', '2026-01-01Z' FROM generate_series(%d, %d) n",
        from, to - 1);
}

static const char *slug_of(struct arena *arena, int n)
{
    return arena_format(arena, "clinic-%d", n);
}

static void thousands_are_found_after_the_table_has_grown(void **state)
{
    struct fixture *it = *state;
    insert_clinics(it, 0, 3000);
    assert_int_equal(directory_refresh_all(it->directory, &it->fault), ERR_NONE);
    for (int n = 0; n < 3000; n++) {
        const struct clinic_entry *entry = directory_find(it->directory, slug_of(&it->arena, n));
        assert_non_null(entry);
        assert_int_equal(entry->clinic_id, 10000 + n);
    }
    const struct clinic_entry *same = directory_find(it->directory, "clinic-5");
    assert_int_equal(directory_refresh_all(it->directory, &it->fault), ERR_NONE);
    assert_ptr_equal(directory_find(it->directory, "clinic-5"), same);
    assert_null(directory_find(it->directory, "clinic-3000"));
    state_of(it, &seed_a);
}

struct reader {
    pthread_t thread;
    struct directory *directory;
    atomic_bool is_over;
    atomic_int missed;
};

static void *read_on(void *user)
{
    struct reader *reader = user;
    while (!atomic_load(&reader->is_over)) {
        const struct clinic_entry *entry = directory_find(reader->directory, seed_a.slug);
        if (!entry || entry->clinic_id != seed_a.clinic_id || strcmp(entry->slug, seed_a.slug) != 0)
            atomic_fetch_add(&reader->missed, 1);
    }
    return NULL;
}

static void readers_never_miss_a_clinic_while_the_table_grows(void **state)
{
    struct fixture *it = *state;
    struct reader reader = {.directory = it->directory};
    pthread_create(&reader.thread, NULL, read_on, &reader);
    for (int n = 0; n < 20; n++) {
        insert_clinics(it, n * 50, n * 50 + 50);
        assert_int_equal(directory_refresh_all(it->directory, &it->fault), ERR_NONE);
        assert_int_equal(directory_refresh(it->directory, seed_a.clinic_id, &it->fault), ERR_NONE);
    }
    reader.is_over = true;
    pthread_join(reader.thread, NULL);
    assert_int_equal(reader.missed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_clinic_is_found_by_its_slug_with_its_state, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_change_is_seen_after_a_refresh_and_the_old_entry_stays_good, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_slug_is_found_and_the_old_one_is_not, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(thousands_are_found_after_the_table_has_grown, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(readers_never_miss_a_clinic_while_the_table_grows, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
