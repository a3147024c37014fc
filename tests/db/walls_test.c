/* Wall 1: every form of every query says, for each clinic's table that it touches, whose rows it
 * means. Which tables are a clinic's, the catalogue says. */
#include "db/query.h"
#include "tests/harness/postgres.h"
#include "tests/harness/sql.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct state {
    struct postgres_database database;
    struct arena arena;
    PGconn *app;
    PGresult *tables; /* names of the tables that have a clinic_id */
};

static int setup(void **state)
{
    static struct state it;
    postgres_database("walls", &it.database);
    it.app = sql_connect(it.database.app_url);
    sql_run(it.app, "SET search_path = clinicd");
    it.tables = sql_rows(
        it.app, &it.arena,
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN "
        "pg_attribute a ON a.attrelid = c.oid AND a.attname = 'clinic_id' WHERE n.nspname = "
        "'clinicd' AND c.relkind IN ('r', 'p') ORDER BY length(c.relname) DESC");
    *state = &it;
    return 0;
}

static int teardown(void **state)
{
    struct state *it = *state;
    PQfinish(it->app);
    postgres_drop(&it->database);
    arena_end(&it->arena);
    return 0;
}

/* Calls visit for every prepared form; returns how many there were. */
static int statements_each(struct state *it, const struct query *query,
                           void (*visit)(struct state *it, const struct query *query,
                                         const struct statement *form))
{
    int forms = query->sorts_n ? query->sorts_n * 2 : 1, n = 0;
    for (int i = 0; i < forms; i++, n++)
        visit(it, query, &query->plain[i]);
    for (int i = 0; query->audited && i < forms; i++, n++)
        visit(it, query, &query->audited[i]);
    if (query->keyed) {
        visit(it, query, query->keyed);
        n++;
    }
    if (query->count) {
        visit(it, query, query->count);
        n++;
    }
    return n;
}

/* Where the next word of SQL begins, or the end. */
static const char *word_next(const char *sql)
{
    while (*sql && !isalpha((unsigned char)*sql) && *sql != '_' && *sql != '\'')
        sql++;
    return sql;
}

static size_t word_length(const char *word)
{
    if (*word == '\'') {
        const char *end = strchr(word + 1, '\'');
        return end ? (size_t)(end - word) + 1 : strlen(word);
    }
    size_t n = 0;
    while (isalnum((unsigned char)word[n]) || word[n] == '_' || word[n] == '.')
        n++;
    return n ? n : 1;
}

static bool word_is(const char *word, size_t length, const char *text)
{
    return strlen(text) == length && strncasecmp(word, text, length) == 0;
}

static bool is_tenant_table(const struct state *it, const char *word, size_t length)
{
    static const char schema[] = "clinicd.";
    if (length > sizeof schema - 1 && strncmp(word, schema, sizeof schema - 1) == 0) {
        word += sizeof schema - 1;
        length -= sizeof schema - 1;
    }
    for (int i = 0; i < PQntuples(it->tables); i++)
        if (word_is(word, length, PQgetvalue(it->tables, i, 0)))
            return true;
    return false;
}

/* A name that the statement itself made with WITH name AS hides a table of that name. */
static bool is_with_name(const char *sql, const char *word, size_t length)
{
    for (const char *at = word_next(sql); *at; at = word_next(at + word_length(at))) {
        size_t n = word_length(at);
        if (n != length || strncasecmp(at, word, n) != 0)
            continue;
        const char *next = word_next(at + n);
        const char *between = at + n;
        while (between < next && *between != ',' && *between != ')')
            between++;
        const char *body = strchr(next, '(');
        if (between == next && word_is(next, word_length(next), "AS") && body)
            return true;
    }
    return false;
}

static int walls_count(const char *sql)
{
    int n = 0;
    for (const char *at = sql; (at = strstr(at, "clinic_id = $")); at++)
        n++;
    return n;
}

static int touched_count(const struct state *it, const char *sql)
{
    int n = 0;
    bool follows_from = false;
    for (const char *at = word_next(sql); *at; at = word_next(at + word_length(at))) {
        size_t length = word_length(at);
        bool is_door = word_is(at, length, "FROM") || word_is(at, length, "JOIN") ||
                       word_is(at, length, "UPDATE");
        if (follows_from && is_tenant_table(it, at, length) && !is_with_name(sql, at, length))
            n++;
        follows_from = is_door;
    }
    return n;
}

static void check_wall(struct state *it, const struct query *query, const struct statement *form)
{
    int touched = touched_count(it, form->sql), walls = walls_count(form->sql);
    if (walls < touched)
        fail_msg("%s: %s touches %d tables of a clinic and says clinic_id = $clinic %d times:\n%s",
                 query->source, form->name, touched, walls, form->sql);
}

static void every_statement_says_whose_rows_it_means(void **state)
{
    for (const struct query *const *query = queries; *query; query++)
        statements_each(*state, *query, check_wall);
}

static void a_statement_without_its_wall_is_noticed(void **state)
{
    struct state *it = *state;
    assert_int_equal(
        touched_count(it, "SELECT p.id FROM patient p JOIN account a ON a.patient_id = p.id"), 2);
    assert_int_equal(touched_count(it, "UPDATE clinicd.session s SET revoked_at = $2"), 1);
    assert_int_equal(touched_count(it, "WITH patient AS (SELECT 1) SELECT * FROM patient"), 0);
    assert_int_equal(
        touched_count(it, "WITH account AS (UPDATE account a SET x = 1) SELECT * FROM account"), 0);
    assert_int_equal(walls_count("WHERE p.clinic_id = $1 AND a.clinic_id = $1"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_statement_says_whose_rows_it_means),
        cmocka_unit_test(a_statement_without_its_wall_is_noticed),
    };
    return cmocka_run_group_tests_name("walls", tests, setup, teardown);
}
