/* A legacy database on its way: makes one, imports it, looks at what came of it. For the tests of
 * the import. */
#ifndef TESTS_HARNESS_LEGACY_MOVE_H
#define TESTS_HARNESS_LEGACY_MOVE_H

#include "db/import.h"
#include "tests/harness/legacy.h"
#include "tests/harness/postgres.h"
#include "tests/harness/sql.h"

#define MOVE_TEST(name) cmocka_unit_test_setup_teardown(name, move_setup, move_teardown)

struct move {
    struct postgres_database database;
    PGconn *boss;
    struct arena arena;
    struct fault fault;
    struct buf text, json; /* of the last import */
    struct import_options options;
    struct import_result result;
    char path[64];   /* of the legacy file */
    char media[80];  /* of its reports' files; not made before move_pack_files() */
    char folder[80]; /* of the store */
    struct store_options store;
};

void move_begin(struct move *move, const char *name); /* a database of its own */
void move_end(struct move *move);

/* Makes the legacy file. */
void move_pack(struct move *move, enum legacy_generation generation, enum legacy_flaw flaw,
               int patients);

/* Makes it with reports, and their folder, and means them to be imported. */
void move_pack_files(struct move *move, enum legacy_generation generation, enum legacy_flaw flaw,
                     int patients);

/* The store has what the rows name, none more, none less, of that length. Says how many files lie
 * there half written, as a kill leaves them. */
int64_t move_store_agrees(struct move *move);

/* Takes an import back, and fails the test when that fails. */
void move_undo(struct move *move, int64_t id);

/* Imports it with the move's options; the report stands in text and json. */
enum err move_import(struct move *move);

/* Everything that a clinic's tables hold, in one digest: what two runs must have in common. Ids of
 * clinics are numbered anew, so that runs in different databases compare. */
char *move_digest(struct move *move);

/* A clinic that was there before, open. */
void move_clinic(struct move *move, const char *slug);

/* Imports, and fails the test with the sentence when that fails. */
void move_well(struct move *move);

/* Of the last report: a number of a step; rows that a cleaning changed. */
int64_t move_step(struct move *move, const char *name, const char *member);
int64_t move_changed(struct move *move, const char *name, const char *code);

/* Every step of the last report: what became of the rows is all the rows. */
void move_adds_up(struct move *move);

/* For cmocka: *state is the move. */
int move_setup(void **state);
int move_teardown(void **state);

#endif
