#include "db/sqlstate.h"

#include "db/arena.h"

#include <stdbool.h>
#include <string.h>

/* To add one: the five characters if it is special, else the class. First match wins. */
const struct sqlstate_rule sqlstate_rules[] = {
    {"CD001", ERR_REPLAY, "idempotency-key-in-use", 0}, /* idempotency_guard(): answered before */
    {"23505", ERR_CONFLICT, "conflict", 0},             /* unique_violation: constraint's code */
    {"23514", ERR_CONFLICT, "conflict", 0},             /* check_violation: constraint's code */
    {"23503", ERR_CONFLICT, "conflict", 0},             /* foreign_key_violation */
    {"23P01", ERR_CONFLICT, "conflict", 0},             /* exclusion_violation */
    {"40001", ERR_RETRY, "database-unavailable", 1},    /* serialization_failure */
    {"40P01", ERR_RETRY, "database-unavailable", 1},    /* deadlock_detected */
    {"55P03", ERR_UNAVAILABLE, "database-unavailable", 1}, /* lock_not_available */
    {"57014", ERR_TIMEOUT, "deadline-exceeded", 1},        /* query_canceled: statement_timeout */
    {"25006", ERR_UNAVAILABLE, "database-unavailable", 1}, /* read_only: we are on a standby */
    {"25P03", ERR_UNAVAILABLE, "database-unavailable", 1}, /* idle_in_transaction_session_timeout */
    {"57P", ERR_UNAVAILABLE, "database-unavailable", 1},   /* shutting down, crashed, starting */
    {"08", ERR_UNAVAILABLE, "database-unavailable", 1},    /* connection exceptions */
    {"53", ERR_UNAVAILABLE, "database-unavailable", 2},    /* out of memory, disk, connections */
    {"58", ERR_UNAVAILABLE, "database-unavailable", 2},    /* I/O errors */
    {NULL, ERR_INTERNAL, "internal-error", 0},
};

static const char *code_of(const char *constraint)
{
    const char *mark = constraint ? strstr(constraint, "__") : NULL;
    return mark ? mark + 2 : NULL;
}

enum err sqlstate_fail(struct fault *fault, const char *sqlstate, const char *constraint,
                       const char *message)
{
    const struct sqlstate_rule *rule = sqlstate_rules;
    while (rule->sqlstate && strncmp(rule->sqlstate, sqlstate, strlen(rule->sqlstate)) != 0)
        rule++;
    const char *code = rule->code;
    if (rule->err == ERR_CONFLICT) {
        /* A constraint without a code of its own guards what the document already promised: if it
         * speaks, a check above it is missing, and that is our bug, not the client's. */
        code = arena_copy(fault->arena, code_of(constraint));
        if (!code)
            return fail_quietly(fault, ERR_INTERNAL, "internal-error", "%s %s: %s", sqlstate,
                                constraint ? constraint : "", message ? message : "");
    }
    bool is_first = !fault->err;
    enum err err = fail_quietly(fault, rule->err, code, "%s: %s", sqlstate, message ? message : "");
    if (is_first)
        fault->retry_after_s = rule->retry_after_s;
    return err;
}
