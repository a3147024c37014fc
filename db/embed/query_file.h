/* One .sql file of a query, read and checked (the format: db/query.h), and the way from it to the
 * forms that are prepared and the C that holds them.
 */
#ifndef DB_EMBED_QUERY_FILE_H
#define DB_EMBED_QUERY_FILE_H

#include "db/embed/embed.h"
#include "db/embed/token.h"
#include "db/query.h"

#include <stdint.h>

enum { SORTS_MAX = 16, FAULTS_MAX = 32 };

struct sort_key {
    const char *expression; /* "p.name_key" */
    const char *type;       /* what the cursor's text is cast back to */
};

struct sort {
    const char *name;
    bool is_descending; /* all keys */
    size_t keys_n;
    struct sort_key keys[QUERY_KEYS_MAX];
};

struct query_file {
    struct source source;
    const char *name; /* "patient_find" */
    bool has_kind, has_rows, has_audit, is_keyed;
    enum query_kind kind;
    enum query_rows rows;
    const char *lock;
    struct query_audit audit;
    struct sort sorts[SORTS_MAX];
    size_t sorts_n;
    const char *faults[FAULTS_MAX];
    size_t faults_n;

    struct tokens sql; /* the statement, without its ';' */
    size_t main_at;    /* first token behind the WITH list; 0 when there is none */
    bool has_writing_word;
    const char *args[PARAMS_MAX];
    size_t args_n;
};

/* Reads and checks. False when the file was refused; everything wrong was said. */
bool query_file_read(struct store *store, const char *path, struct query_file *out);

/* The header only: fills kind, rows, audit, sorts, … from the leading comments. */
void query_header_read(struct query_file *query);

/* Refuses what the statement may not say. */
void query_check(struct query_file *query);

/* The number of a reserved parameter, or -1. */
int reserved_find(const char *name, size_t length);
const char *reserved_type(int reserved); /* "bigint" */
const char *reserved_c(int reserved);    /* "RESERVED_CLINIC" */

/* Which of the forms of one query. */
struct form {
    const struct sort *sort; /* NULL: not a list */
    bool is_next, is_count, is_audited;
    bool is_keyed; /* audited, and keeps its result */
    enum query_gap gap;
};

/* A form's SQL, and its parameters: reserved number, or PARAM_OWN + index of the argument. */
struct formed {
    struct text sql;
    uint8_t params[PARAMS_MAX];
    size_t params_n;
    bool is_overfull; /* more than PARAMS_MAX */
};

void query_form(const struct query_file *query, const struct form *form, struct formed *out);

/* Appends what queries.h and queries.c say about one query. */
void query_write_h(const struct query_file *query, struct text *out);
void query_write_c(struct query_file *query, enum query_gap gap, struct text *out);

#endif
