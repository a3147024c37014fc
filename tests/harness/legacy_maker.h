/* A legacy file being written, row by row. For legacy*.c only. */
#ifndef TESTS_HARNESS_LEGACY_MAKER_H
#define TESTS_HARNESS_LEGACY_MAKER_H

#include "db/error.h"
#include "tests/harness/legacy.h"
#include "tests/harness/legacy_tables.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

enum { TEXT_MAX = 256, CLINIC_A = 5, CLINIC_B = 4, STAFF_FIRST = 3 };

/* A file being written: one prepared INSERT a table, whose parameters carry the columns' names. */
struct maker {
    const struct legacy_plan *plan;
    sqlite3 *db;
    sqlite3_stmt *inserts[LEGACY_TABLES_MAX];
    sqlite3_stmt *into; /* the row that is being filled */
    uint64_t dice;
    int logins, prescriptions, admissions, lines, tests, reports, test_reports;
    int64_t last_admitted; /* a patient: nobody lies in two beds */
    char made[TEXT_MAX];
};

#define MAKER_FIRST_DAY INT64_C(1767225600) /* 2026-01-01 */

/* The same seed throws the same dice everywhere. */
int maker_below(struct maker *maker, int n);
bool maker_chance(struct maker *maker, int percent);
#define ONE_OF(maker, list) ((list)[maker_below((maker), (int)(sizeof(list) / sizeof(list)[0]))])

void maker_run(struct maker *maker, const char *sql);

/* Makes the table and prepares its INSERT, whose parameters carry the columns' names. */
void maker_table_make(struct maker *maker, const struct legacy_table *table, sqlite3_stmt **insert);

/* A row: begun, filled, ended. False: the table is of a later generation, and nothing is put. */
bool maker_row_begin(struct maker *maker, const char *table, int64_t id);
void maker_row_end(struct maker *maker);

/* What this generation has no column for is dropped. NULL and a reference to 0 put nothing. */
int maker_place(struct maker *maker, const char *column); /* 0: the generation has none */
void maker_put(struct maker *maker, const char *column, const char *text);
void maker_put_int(struct maker *maker, const char *column, int64_t value);
void maker_put_ref(struct maker *maker, const char *column, int64_t id);
void maker_put_time(struct maker *maker, const char *column, int64_t at);
void maker_put_day(struct maker *maker, const char *column, int64_t at);
void maker_put_format(struct maker *maker, const char *column, const char *format, ...)
    PRINTF(3, 4);

/* --- what several kinds of rows have --- */

struct maker_account {
    int64_t id;
    const char *username, *role, *email;
    int clinic;
    bool is_super, is_staff;
};

void maker_account_make(struct maker *maker, const struct maker_account *account);

/* Whose a patient is, and who works there: place 0 to 5 of the staff's six. */
int maker_clinic_of(struct maker *maker, int patient);
int maker_staff_of(int clinic, int place_of_six);

/* Children had no clinic for three weeks, most of them. */
void maker_put_clinic(struct maker *maker, int clinic, int percent_null);
void maker_put_line(struct maker *maker, int number);

/* A patient with everything that happened (legacy_records.c). */
void maker_patient_make(struct maker *maker, int patient);

/* The folder of the reports, and a patient's reports in it (legacy_files.c); no dice are thrown, so
 * the rest of the database is the same with and without. */
void maker_media_make(struct maker *maker);
void maker_reports_make(struct maker *maker, int patient, int clinic, int64_t at);
void maker_media_wreck(struct maker *maker);

#endif
