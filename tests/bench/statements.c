/* Prints a pgbench script for one workload: the very statements that clinicd sends in one round
 * trip, read from the tables that the build made of the .sql files.
 *
 *     statements get | list | create
 *
 * A parameter becomes the pgbench variable of its name where it stands first; there pgbench numbers
 * it, and later places say that number, so the server gets the statement as we send it. A variable
 * that nobody defined is sent as NULL. Only uuids are expressions: pgbench cannot make one.
 */
#include "db/query.h"
#include "gen/queries.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const reserved[RESERVED_COUNT] = {
    [RESERVED_CLINIC] = "clinic",
    [RESERVED_PATIENT] = "patient",
    [RESERVED_NOW] = "now",
    [RESERVED_ACTOR_KIND] = "actor_kind",
    [RESERVED_ACTOR_ID] = "actor_id",
    [RESERVED_ACTOR_NAME] = "actor_name",
    [RESERVED_ACTOR_ROLE] = "actor_role",
    [RESERVED_OPERATION] = "operation",
    [RESERVED_REQUEST_ID] = "request_id",
    [RESERVED_CLIENT_ADDRESS] = "client_address",
    [RESERVED_IF_MATCH] = "if_match",
    [RESERVED_AFTER_1] = "after_1",
    [RESERVED_AFTER_2] = "after_2",
    [RESERVED_AFTER_3] = "after_3",
    [RESERVED_LIMIT] = "limit",
    [RESERVED_AUDIT_ID] = "audit_id",
    [RESERVED_AUDIT_STATUS] = "audit_status",
};

static const struct {
    const char *query, *name, *sql;
} expressions[] = {
    /* the id that seed_patients.sql gave to a patient of a clinic */
    {"patient_find", "id",
     "(overlay(md5(:clinic::text || ' ' || :i::text) PLACING '7' FROM 13 FOR 1))"},
    {"patient_create", "id", "(SELECT gen_random_uuid())"}, /* once: it is looked for, too */
    {NULL, "audit_id", "gen_random_uuid()"},
};

/* How many variables the expression has itself: pgbench numbers those too. */
static int print_expression(const char *sql)
{
    int variables = 0;
    for (const char *p = sql; *p; p++) {
        variables += *p == ':' && islower((unsigned char)p[1]) && p[-1] != ':';
        putchar(*p);
    }
    return variables;
}

static const char *expression_of(const struct query *query, const char *name)
{
    for (size_t i = 0; i < sizeof expressions / sizeof expressions[0]; i++)
        if (strcmp(expressions[i].name, name) == 0 &&
            (!expressions[i].query || strcmp(expressions[i].query, query->name) == 0))
            return expressions[i].sql;
    return NULL;
}

static void print(const struct query *query, const struct statement *form)
{
    int numbers[PARAMS_MAX + 1] = {0}, numbered = 0;
    for (const char *p = form->sql; *p;) {
        if (*p != '$' || !isdigit((unsigned char)p[1])) {
            putchar(*p++);
            continue;
        }
        char *end;
        long at = strtol(p + 1, &end, 10);
        int param = form->params[at - 1];
        const char *name =
            param < PARAM_OWN ? reserved[param] : query->arg_names[param - PARAM_OWN];
        const char *sql = expression_of(query, name);
        p = end;
        if (sql) {
            numbered += print_expression(sql);
        } else if (numbers[at]) {
            printf("$%d", numbers[at]);
        } else {
            numbers[at] = ++numbered;
            printf(":%s", name);
        }
    }
    puts(";");
}

int main(int argc, char **argv)
{
    const char *workload = argc == 2 ? argv[1] : "";
    puts("\\set clinic random(1, :clinics)\n"
         "\\set i random(1, :patients)\n"
         "\\set phone_key random(916000000000, 919999999999)\n"
         "\\startpipeline");
    print(&q_db_context, q_db_context.plain);
    if (strcmp(workload, "get") == 0) {
        print(&q_patient_find, q_patient_find.audited);
    } else if (strcmp(workload, "list") == 0) {
        print(&q_patient_list, &q_patient_list.audited[0]);
    } else if (strcmp(workload, "create") == 0) {
        print(&q_db_quota_lock, q_db_quota_lock.plain);
        print(&q_patient_create, q_patient_create.audited);
    } else {
        fputs("usage: statements get | list | create\n", stderr);
        return 2;
    }
    puts("\\endpipeline");
    return 0;
}
