/* What the doctor's facts mean: one row a check, and what makes it green, amber or red. Pure: the
 * facts come as a JSON object, so a test can plant any ill without having it.
 *
 * A fact is named as its check is; beside it may stand "<check>.shown", what people read instead of
 * it, and "<check>.wanted". A fact that is not there is a question that was not asked; null is one
 * that this role may not ask, which is amber. */
#ifndef DB_VERIFY_RULES_H
#define DB_VERIFY_RULES_H

#include "db/doctor.h"

#include <jansson.h>

enum purpose {
    FOR_ANYTHING = 0,
    FOR_MIGRATE = 1,
    FOR_SERVE = 2,
    FOR_IMPORT = 4,
    FOR_RESTORE = 8,
    FOR_SCALE = 16,
};

enum rule_kind {
    RULE_IS,     /* the fact is `text` */
    RULE_IS_NOT, /* it is another */
    RULE_NONE,   /* it is empty: a list of what is wrong */
    RULE_MOST,   /* it is not above `amber`, nor above `red` */
    RULE_LEAST,  /* it is not below them */
};

struct rule {
    const char *id;
    enum rule_kind kind;
    const char *text;
    double amber, red;
    enum level level;                       /* of IS, IS_NOT, NONE */
    unsigned red_for, amber_for, green_for; /* purposes in which what is wrong is that instead */
    const char *good; /* what people read when nothing is wrong; NULL: "none" */
    const char *wanted, *fix;
    const char *next; /* the command that mends it or tells more, or NULL */
};

extern const struct rule doctor_rules[];
extern const size_t doctor_rules_n;

/* Appends a check for each fact, in the order of the rules. The facts must outlive `out`. */
void doctor_judge(const json_t *facts, enum purpose purpose, struct arena *arena,
                  struct checkup *out);

/* The rung of the ladder (docs/migration-guide.md §7) that a database of such a size stands on, as
 * facts: scale.rung is its share of what the rung holds, scale.standby how many standbys it lacks.
 */
void scale_facts(int64_t clinics, int64_t patients, int64_t bytes, int standbys,
                 struct arena *arena, json_t *facts);

#endif
