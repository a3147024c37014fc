/* The mapping of the legacy tables, as data: db/import/NN_name.sql, made into these tables by
 * db/embed/imports.c. A file maps one table, or those of its rows that `where` names:
 *
 *     -- What it does, in a sentence or two.
 *     -- import: table=user
 *     -- where: t.role <> 'patient'          (SQLite; may be absent)
 *     -- extra: (SELECT …) AS name           (SQLite: one more member of the line; may be absent)
 *     -- leave: password                     (a column that is never read; may be absent)
 *     -- section load                        statements: ops.staged($1, name) -> ops.import_outcome
 *     -- section check                       SELECT count(*), sum(ops.canon(…)) of what was loaded
 *     -- section touched                     SELECT count(*) of what was changed since
 *     -- section undo                        takes away what was loaded
 *     -- section files                       of reports alone: writes down which files come,
 * commits, and SELECTs them: legacy id, clinic, id in the store
 *
 * $1 is the import. What `load` writes into ops.import_outcome is one row for each staged row.
 * The files run_*.sql are lists of statements of the runner itself.
 */
#ifndef DB_IMPORT_STEPS_H
#define DB_IMPORT_STEPS_H

struct import_statement {
    const char *sql; /* NULL: the end of the list */
    int params;      /* $1 … */
};

struct import_step {
    const char *name, *table, *where, *extra, *leave; /* the last three may be NULL */
    const struct import_statement *load, *check, *touched, *undo, *files; /* the last three may be
                                                                          NULL */
};

extern const struct import_step import_steps[]; /* ends with a NULL name */

extern const struct import_statement import_run_legacy_open[];
extern const struct import_statement import_run_legacy_tables[];
extern const struct import_statement import_run_open[];
extern const struct import_statement import_run_lock[];
extern const struct import_statement import_run_ledger[];
extern const struct import_statement import_run_ledger_find[];
extern const struct import_statement import_run_choices_check[];
extern const struct import_statement import_run_choices_clinics[];
extern const struct import_statement import_run_clinic_ask[];
extern const struct import_statement import_run_clinic_new[];
extern const struct import_statement import_run_undo_touched[];
extern const struct import_statement import_run_source[];
extern const struct import_statement import_run_find[];
extern const struct import_statement import_run_home[];
extern const struct import_statement import_run_known_most[];
extern const struct import_statement import_run_known_others[];
extern const struct import_statement import_run_make[];
extern const struct import_statement import_run_close_clinic[];
extern const struct import_statement import_run_table[];
extern const struct import_statement import_run_clear[];
extern const struct import_statement import_run_stage[];
extern const struct import_statement import_run_files_begin[];
extern const struct import_statement import_run_file_came[];
extern const struct import_statement import_run_file_rows[];
extern const struct import_statement import_run_file_gone[];
extern const struct import_statement import_run_files[];
extern const struct import_statement import_run_files_closed[];
extern const struct import_statement import_run_files_kept[];
extern const struct import_statement import_run_files_left[];
extern const struct import_statement import_run_after[];
extern const struct import_statement import_run_analyze[];
extern const struct import_statement import_run_done[];
extern const struct import_statement import_run_digest[];
extern const struct import_statement import_run_tables[];
extern const struct import_statement import_run_changes[];
extern const struct import_statement import_run_rejects[];
extern const struct import_statement import_run_reject_count[];
extern const struct import_statement import_run_loaded[];
extern const struct import_statement import_run_whole[];
extern const struct import_statement import_run_activate[];
extern const struct import_statement import_run_clinics[];
extern const struct import_statement import_run_undo_find[];
extern const struct import_statement import_run_undo_end[];

#endif
