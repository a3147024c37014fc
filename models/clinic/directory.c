#include "models/clinic/directory.h"

#include "db/clock.h"
#include "gen/queries.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Readers take no lock: a slot is one atomic pointer, and nothing that one ever held is freed
 * before the directory ends. Writers take turns. A table that has grown too small is kept for the
 * readers that still look at it; all of them together are no larger than the newest. */
struct table {
    size_t slots_n; /* a power of two */
    size_t used;    /* with those that are gone */
    struct table *older;
    _Atomic(const struct clinic_entry *) slots[];
};

struct owned_entry {
    struct clinic_entry entry; /* first: an entry's address is its owner's */
    unsigned round;            /* of the reading of all that last found it; the writer's */
    struct owned_entry *next;
};

struct directory {
    struct database *database;
    pthread_mutex_t writing;
    _Atomic(struct table *) table;
    struct owned_entry *entries;
    unsigned round;
};

/* Stands where a clinic was that has gone or changed its slug. */
static const struct owned_entry gone = {.entry = {.slug = ""}};

enum { SLOTS_LEAST = 64 };

static struct table *table_make(size_t slots_n, struct table *older)
{
    struct table *table = calloc(1, sizeof *table + slots_n * sizeof table->slots[0]);
    if (!table)
        abort();
    table->slots_n = slots_n;
    table->older = older;
    return table;
}

/* FNV-1a: slugs are short, and only the platform makes them. */
static size_t slug_hash(const char *slug)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *slug; slug++)
        hash = (hash ^ (unsigned char)*slug) * 0x100000001b3u;
    return (size_t)(hash ^ hash >> 32);
}

/* The slot that holds the slug, or the empty one where the search ended. */
static size_t slot_of(const struct table *table, const char *slug)
{
    size_t at = slug_hash(slug) & (table->slots_n - 1);
    for (;;) {
        const struct clinic_entry *entry =
            atomic_load_explicit(&table->slots[at], memory_order_acquire);
        if (!entry || strcmp(entry->slug, slug) == 0)
            return at;
        at = (at + 1) & (table->slots_n - 1);
    }
}

static void table_put(struct table *table, const struct clinic_entry *entry)
{
    size_t at = slot_of(table, entry->slug);
    if (!atomic_load_explicit(&table->slots[at], memory_order_relaxed))
        table->used++;
    atomic_store_explicit(&table->slots[at], entry, memory_order_release);
}

static struct table *table_grown(struct table *old)
{
    struct table *table = table_make(old->slots_n * 2, old);
    for (size_t i = 0; i < old->slots_n; i++) {
        const struct clinic_entry *entry =
            atomic_load_explicit(&old->slots[i], memory_order_relaxed);
        if (entry && entry != &gone.entry)
            table_put(table, entry);
    }
    return table;
}

/* Takes out what the clinic was known as, unless it was read in this round. */
static void table_drop(struct table *table, int64_t clinic_id, unsigned round)
{
    for (size_t i = 0; i < table->slots_n; i++) {
        const struct clinic_entry *entry =
            atomic_load_explicit(&table->slots[i], memory_order_relaxed);
        const struct owned_entry *owned = (const struct owned_entry *)entry;
        if (entry && entry->clinic_id == clinic_id && owned->round != round)
            atomic_store_explicit(&table->slots[i], &gone.entry, memory_order_release);
    }
}

static enum clinic_state state_of(const char *status)
{
    if (strcmp(status, "active") == 0 || strcmp(status, "trial") == 0)
        return CLINIC_ACTIVE;
    if (strcmp(status, "expired") == 0)
        return CLINIC_EXPIRED;
    return strcmp(status, "importing") == 0 ? CLINIC_IMPORTING : CLINIC_CLOSED;
}

static char *copy(const char *text)
{
    if (!text)
        return NULL;
    char *made = strdup(text);
    if (!made)
        abort();
    return made;
}

static const struct clinic_entry *entry_make(struct directory *directory, const struct rows *rows,
                                             int row)
{
    struct owned_entry *owned = calloc(1, sizeof *owned);
    if (!owned)
        abort();
    owned->entry = (struct clinic_entry){
        .clinic_id = rows_int(rows, row, "clinic_id", 0),
        .state = state_of(rows_text(rows, row, "status")),
        .slug = copy(rows_text(rows, row, "slug")),
        .now_called = copy(rows_text(rows, row, "now_called")),
        .name = copy(rows_text(rows, row, "name")),
        .timezone = copy(rows_text(rows, row, "timezone")),
        .country_code = copy(rows_text(rows, row, "country_code")),
        .idle_ttl_s = (int)rows_int(rows, row, "idle_minutes", 0) * 60,
    };
    owned->round = directory->round;
    owned->next = directory->entries;
    directory->entries = owned;
    return &owned->entry;
}

static void entry_put(struct directory *directory, const struct clinic_entry *entry)
{
    struct table *table = atomic_load_explicit(&directory->table, memory_order_relaxed);
    if ((table->used + 1) * 2 > table->slots_n) {
        table = table_grown(table);
        atomic_store_explicit(&directory->table, table, memory_order_release);
    }
    table_put(table, entry);
}

/* Reads one clinic, or with NULL all, into `arena`. */
static enum err entries_read(struct directory *directory, const char *only_clinic,
                             struct arena *arena, struct fault *fault, struct rows *out)
{
    struct fault here = {.arena = arena};
    struct scope scope = {
        .actor_kind = "system", .operation = "directory", .now_us = clock_now_us()};
    struct tx tx CLEANUP(tx_end);
    tx_begin(&tx, directory->database, &scope, TX_SINGLE, &here);
    struct q_clinic_entries_args args = {.only_clinic = only_clinic};
    enum err err = query_run(&tx, &q_clinic_entries, &args, out);
    return err ? fail_quietly(fault, err, NULL, "directory: %s",
                              here.reason ? here.reason : "no answer")
               : err;
}

enum err directory_load(struct database *database, struct fault *fault, struct directory **out)
{
    struct directory *directory = calloc(1, sizeof *directory);
    if (!directory)
        abort();
    directory->database = database;
    pthread_mutex_init(&directory->writing, NULL);
    atomic_init(&directory->table, table_make(SLOTS_LEAST, NULL));
    enum err err = directory_refresh_all(directory, fault);
    if (err) {
        directory_free(directory);
        return err;
    }
    *out = directory;
    return ERR_NONE;
}

void directory_free(struct directory *directory)
{
    if (!directory)
        return;
    for (struct owned_entry *owned = directory->entries, *next; owned; owned = next) {
        next = owned->next;
        free((void *)(uintptr_t)owned->entry.slug);
        free((void *)(uintptr_t)owned->entry.now_called);
        free((void *)(uintptr_t)owned->entry.name);
        free((void *)(uintptr_t)owned->entry.timezone);
        free((void *)(uintptr_t)owned->entry.country_code);
        free(owned);
    }
    for (struct table *table = atomic_load(&directory->table), *older; table; table = older) {
        older = table->older;
        free(table);
    }
    pthread_mutex_destroy(&directory->writing);
    free(directory);
}

/* Whatever the slug is or was. */
static const struct clinic_entry *entry_find(struct directory *directory, const char *slug)
{
    const struct table *table = atomic_load_explicit(&directory->table, memory_order_acquire);
    return *slug ? atomic_load_explicit(&table->slots[slot_of(table, slug)], memory_order_acquire)
                 : NULL;
}

const struct clinic_entry *directory_find(struct directory *directory, const char *slug)
{
    const struct clinic_entry *entry = entry_find(directory, slug);
    return entry && !entry->now_called ? entry : NULL;
}

const char *directory_moved(struct directory *directory, const char *slug)
{
    const struct clinic_entry *entry = entry_find(directory, slug);
    return entry && entry->state != CLINIC_IMPORTING ? entry->now_called : NULL;
}

const struct clinic_entry *directory_find_id(struct directory *directory, int64_t clinic_id)
{
    const struct table *table = atomic_load_explicit(&directory->table, memory_order_acquire);
    for (size_t i = 0; i < table->slots_n; i++) {
        const struct clinic_entry *entry =
            atomic_load_explicit(&table->slots[i], memory_order_acquire);
        if (entry && entry != &gone.entry && entry->clinic_id == clinic_id && !entry->now_called)
            return entry;
    }
    return NULL;
}

enum err directory_refresh(struct directory *directory, int64_t clinic_id, struct fault *fault)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct rows rows = {0};
    const char *id = arena_format(&arena, "%lld", (long long)clinic_id);
    /* The lock is taken first: the last to write is then also the last who read. */
    pthread_mutex_lock(&directory->writing);
    enum err err = entries_read(directory, id, &arena, fault, &rows);
    if (!err)
        directory->round++;
    for (int i = 0; !err && i < rows.count; i++)
        entry_put(directory, entry_make(directory, &rows, i));
    if (!err)
        table_drop(atomic_load(&directory->table), clinic_id, directory->round);
    pthread_mutex_unlock(&directory->writing);
    return err;
}

static bool is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_same(const struct clinic_entry *known, const struct rows *rows, int row)
{
    return known && known->clinic_id == rows_int(rows, row, "clinic_id", 0) &&
           known->state == state_of(rows_text(rows, row, "status")) &&
           is_same_text(known->now_called, rows_text(rows, row, "now_called")) &&
           strcmp(known->name, rows_text(rows, row, "name")) == 0 &&
           strcmp(known->timezone, rows_text(rows, row, "timezone")) == 0 &&
           strcmp(known->country_code, rows_text(rows, row, "country_code")) == 0 &&
           known->idle_ttl_s == rows_int(rows, row, "idle_minutes", 0) * 60;
}

/* Takes out what this reading of all did not find. */
static void table_sweep(struct table *table, unsigned round)
{
    for (size_t i = 0; i < table->slots_n; i++) {
        const struct clinic_entry *entry =
            atomic_load_explicit(&table->slots[i], memory_order_relaxed);
        const struct owned_entry *owned = (const struct owned_entry *)entry;
        if (entry && entry != &gone.entry && owned->round != round)
            atomic_store_explicit(&table->slots[i], &gone.entry, memory_order_release);
    }
}

static void entry_found(const struct clinic_entry *entry, unsigned round)
{
    ((struct owned_entry *)(uintptr_t)entry)->round = round;
}

enum err directory_refresh_all(struct directory *directory, struct fault *fault)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct rows rows = {0};
    pthread_mutex_lock(&directory->writing);
    enum err err = entries_read(directory, NULL, &arena, fault, &rows);
    if (!err)
        directory->round++;
    for (int i = 0; !err && i < rows.count; i++) {
        const struct clinic_entry *known = entry_find(directory, rows_text(&rows, i, "slug"));
        if (is_same(known, &rows, i))
            entry_found(known, directory->round);
        else
            entry_put(directory, entry_make(directory, &rows, i));
    }
    if (!err)
        table_sweep(atomic_load(&directory->table), directory->round);
    pthread_mutex_unlock(&directory->writing);
    return err;
}
