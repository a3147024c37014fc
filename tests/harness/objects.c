#include "tests/harness/objects.h"

#include "tests/harness/die.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct store *open_store(const struct store_options *options, struct arena *arena)
{
    struct fault fault = {.arena = arena};
    struct store *store;
    if (store_open(options, &fault, &store))
        die("the store: %s", fault.detail ? fault.detail : fault.reason);
    return store;
}

static void put(struct store *store, int64_t clinic, const char *id, const char *bytes)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    struct spool *spool = NULL;
    if (spool_open(store, clinic, 1 << 20, &fault, &spool) ||
        spool_write(spool, bytes, strlen(bytes), &fault) || spool_finish(spool, &fault) ||
        store_keep(store, spool, id, &fault))
        die("object %s: %s %s", id, fault.code, fault.reason ? fault.reason : "");
    spool_drop(spool);
}

void objects_seed(PGconn *boss, const struct store_options *options)
{
    struct arena arena CLEANUP(arena_end) = {0};
    PGresult *rows = sql_rows(
        boss, &arena, "SELECT clinic_id, id, media_type, name FROM clinicd.file ORDER BY 1, 2");
    if (PQntuples(rows) == 0)
        return;
    struct store *store = open_store(options, &arena);
    for (int i = 0; i < PQntuples(rows); i++)
        put(store, strtoll(PQgetvalue(rows, i, 0), NULL, 10), PQgetvalue(rows, i, 1),
            arena_format(&arena, "%s%s",
                         strcmp(PQgetvalue(rows, i, 2), "image/png") == 0 ? "\x89PNG\r\n\x1a\n"
                                                                          : "%PDF-1.7 ",
                         PQgetvalue(rows, i, 3)));
    store_close(store);
}

void objects_drop(const struct store_options *options, int64_t clinic, const char *id)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    struct store *store = open_store(options, &arena);
    if (store_remove(store, clinic, id, &fault))
        die("object %s: %s", id, fault.reason ? fault.reason : "-");
    store_close(store);
}

void objects_put(const struct store_options *options, int64_t clinic, const char *id,
                 const char *bytes)
{
    struct arena arena CLEANUP(arena_end) = {0};
    objects_drop(options, clinic, id);
    struct store *store = open_store(options, &arena);
    put(store, clinic, id, bytes);
    store_close(store);
}

struct tally {
    struct store *store;
    bool tidies;
    PGresult *rows;
    const char *clinic;
    bool *found; /* one a row */
    struct objects *into;
};

static bool tally_one(void *user, const struct store_object *object)
{
    struct tally *tally = user;
    if (object->is_spool) {
        tally->into->arriving++;
        return true;
    }
    tally->into->objects++;
    for (int i = 0; i < PQntuples(tally->rows); i++)
        if (strcmp(PQgetvalue(tally->rows, i, 0), tally->clinic) == 0 &&
            strcmp(PQgetvalue(tally->rows, i, 1), object->name) == 0) {
            tally->found[i] = strtoull(PQgetvalue(tally->rows, i, 2), NULL, 10) == object->size;
            return true;
        }
    tally->into->objects_alone++;
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    if (tally->tidies)
        return !store_remove(tally->store, strtoll(tally->clinic, NULL, 10), object->name, &fault);
    return true;
}

struct objects objects_count(PGconn *boss, const struct store_options *options, bool tidies)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    struct objects out = {0};
    PGresult *rows =
        sql_rows(boss, &arena, "SELECT clinic_id, id, size_bytes FROM clinicd.file ORDER BY 1, 2");
    PGresult *clinics = sql_rows(boss, &arena, "SELECT clinic_id FROM clinicd.clinic");
    struct store *store = open_store(options, &arena);
    struct tally tally = {.store = store, .tidies = tidies, .rows = rows, .into = &out};
    tally.found = arena_take(&arena, (size_t)PQntuples(rows) + 1);
    for (int i = 0; i < PQntuples(clinics); i++) {
        tally.clinic = PQgetvalue(clinics, i, 0);
        if (store_walk(store, strtoll(tally.clinic, NULL, 10), tally_one, &tally, &fault))
            die("the store cannot be walked: %s", fault.reason ? fault.reason : "-");
    }
    store_close(store);
    out.rows = PQntuples(rows);
    for (int i = 0; i < out.rows; i++)
        if (!tally.found[i]) {
            out.rows_alone++;
            fprintf(stderr, "a row without its object: clinic %s, %s\n", PQgetvalue(rows, i, 0),
                    PQgetvalue(rows, i, 1));
        }
    return out;
}
