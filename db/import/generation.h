/* Which of the legacy program's schemas a file has: recognised by its tables and columns, which do
 * not lie, and compared with what django_migrations claims.
 */
#ifndef DB_IMPORT_GENERATION_H
#define DB_IMPORT_GENERATION_H

#include "db/import/source.h"

enum {
    GENERATION_DISCARDED = 1, /* another first schema that was given up; always empty */
    GENERATION_SINGLE = 2,    /* one clinic, which has no table */
    GENERATION_CLINICS = 3,   /* the first with clinics */
    GENERATION_LAST = 10,
    DIFFERENCES_MAX = 32,
};

/* A column of a legacy table ("patient" is hospital_patient), and in which generations it stood.
 * What the profile looks at besides is here too: the parent that it points to, how long a text may
 * be in the new tables, whether it is a day or an instant. */
struct legacy_field {
    const char *table, *column;
    int from, until;    /* until 0: to the last */
    const char *parent; /* table whose id it holds */
    int most;           /* characters; 0: not looked at */
    char time;          /* 'd' day, 't' instant, 0 neither */
};

extern const struct legacy_field
    legacy_fields[]; /* ends with a NULL table; a table's stand together */

/* The tables' names, parents before children, ending with NULL. */
extern const char *const legacy_tables_in_order[];

struct generation {
    int number;                /* 1 … GENERATION_LAST */
    const char *name;          /* "templates" */
    bool is_exact;             /* no difference */
    const char *last_recorded; /* the newest hospital migration that the file claims, or NULL */
    const char *differences[DIFFERENCES_MAX]; /* "treatmentlog.clinic_id is missing" */
    size_t differences_n;
};

/* The nearest generation and what is different. ERR_CONFLICT, with a sentence: "import-not-legacy"
 * (no such tables), "import-discarded" (the first generation), "import-unknown-columns" (something
 * is there that no generation had: it would be lost). */
enum err generation_recognise(const struct source *source, struct fault *fault,
                              struct generation *out) FAILS;

/* Is the column there, in this file? */
bool generation_has(const struct source *source, const char *table, const char *column);

#endif
