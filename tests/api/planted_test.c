/* The matrix can fail: each planted defect must turn it red. Some defects open one wall only; the
 * program is built a second time with wall 1 taken out of every query, where those must show, and
 * in the ordinary build must not, as the other wall stands. */
#include "api/endpoints.h"
#include "api/http/reply.h"
#include "tests/api/matrix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifdef WITHOUT_WALL_1
enum { WALL_1_STANDS = false };
#else
enum { WALL_1_STANDS = true };
#endif

/* ---- handlers with a defect ---- */

/* Trusts a clinic that did not come from the session: here B's number, as if a body had said it. */
static enum err patients_list_of_b(struct request *request)
{
    request_tx(request)->scope.clinic_id = seed_b.clinic_id;
    return patients_list(request);
}

static enum err patients_get_of_b(struct request *request)
{
    request_tx(request)->scope.clinic_id = seed_b.clinic_id;
    return patients_get(request);
}

static enum err patients_update_of_b(struct request *request)
{
    request_tx(request)->scope.clinic_id = seed_b.clinic_id;
    return patients_update(request);
}

static enum err patients_create_in_b(struct request *request)
{
    request_tx(request)->scope.clinic_id = seed_b.clinic_id;
    return patients_create(request);
}

/* Forgets whose token it is: a patient is taken for staff. */
static enum err patients_get_as_staff(struct request *request)
{
    request_tx(request)->scope.patient_id = NULL;
    return patients_get(request);
}

static enum err allergies_list_as_staff(struct request *request)
{
    request_tx(request)->scope.patient_id = NULL;
    return allergies_list(request);
}

static enum err access_log_list_as_staff(struct request *request)
{
    request_tx(request)->scope.patient_id = NULL;
    return access_log_list(request);
}

static enum err visits_create_in_b(struct request *request)
{
    request_tx(request)->scope.clinic_id = seed_b.clinic_id;
    return visits_create(request);
}

static enum err treatments_create_in_b(struct request *request)
{
    request_tx(request)->scope.clinic_id = seed_b.clinic_id;
    return treatments_create(request);
}

static enum err prescriptions_list_of_b(struct request *request)
{
    request_tx(request)->scope.clinic_id = seed_b.clinic_id;
    return prescriptions_list(request);
}

static enum err visits_get_as_staff(struct request *request)
{
    request_tx(request)->scope.patient_id = NULL;
    return visits_get(request);
}

static enum err allergies_create_in_b(struct request *request)
{
    request_tx(request)->scope.clinic_id = seed_b.clinic_id;
    return allergies_create(request);
}

/* Is kind enough to explain why there is nothing. */
static enum err patients_get_explained(struct request *request)
{
    char id_b[UUID_TEXT];
    bool is_elsewhere =
        strcmp(request_path(request, "id"), seed_id(&seed_b, SEED_PATIENT_OWN, id_b)) == 0;
    if (is_elsewhere)
        return (fail)(&request->fault, ERR_NOT_FOUND, "not-found",
                      "not in this clinic"); /* cmocka has a macro of that name */
    return patients_get(request);
}

/* ---- what is planted ---- */

struct plant {
    const char *name;
    const char *sql;           /* run by the superuser before the service starts */
    const char *from, *to;     /* in the document's JSON text, every time */
    const char *role;          /* of x-roles, which … */
    const char *gains, *loses; /* … a permission */
    const char *operation;     /* whose handler is replaced … */
    enum err (*run)(struct request *request);
    const char *only;       /* operations to run; the rest cannot show it */
    bool needs_wall_1_gone; /* wall 1 alone holds it off */
    bool bypass_wall_2;
    bool must_leak; /* not just a status that differs */
};

#define OPEN(table) "ALTER POLICY clinic ON clinicd." table " USING (true) WITH CHECK (true)"

static const struct plant plants[] = {
    {.name = "policy of patients opened",
     .sql = OPEN("patient"),
     .only = "patients_",
     .needs_wall_1_gone = true,
     .must_leak = true},
    {.name = "row level security of patients off",
     .sql = "ALTER TABLE clinicd.patient DISABLE ROW LEVEL SECURITY",
     .only = "patients_",
     .needs_wall_1_gone = true,
     .must_leak = true},
    {.name = "policy of accounts opened",
     .sql = OPEN("account"),
     .only = "staff_list",
     .needs_wall_1_gone = true,
     .must_leak = true},
    {.name = "policy of the trail opened",
     .sql = OPEN("audit"),
     .only = "audit_list",
     .needs_wall_1_gone = true,
     .must_leak = true},
    {.name = "policies of sessions and accounts opened",
     .sql = OPEN("session") ";" OPEN("account"),
     .only = "auth_me",
     .needs_wall_1_gone = true,
     .must_leak = true},
    {.name = "the service bypasses row level security",
     .only = "patients_",
     .bypass_wall_2 = true,
     .needs_wall_1_gone = true,
     .must_leak = true},
    {.name = "receptionists may read the trail",
     .role = "receptionist",
     .gains = "audit.read",
     .only = "audit_list",
     .must_leak = true},
    {.name = "patients may list patients",
     .role = "patient",
     .gains = "patient.list",
     .only = "patients_list",
     .must_leak = true},
    {.name = "deleting needs what reading needs",
     .from = "\"x-permission\":\"patient.delete\"",
     .to = "\"x-permission\":\"patient.read\"",
     .only = "patients_",
     .must_leak = true},
    {.name = "the trail is public",
     .from = "\"x-permission\":\"audit.read\"",
     .to = "\"x-permission\":\"public\"",
     .only = "audit_list",
     .must_leak = true},
    {.name = "newcomers may read patients",
     .role = "password_change_required",
     .gains = "patient.read",
     .only = "patients_get",
     .must_leak = true},
    {.name = "expired clinics may write",
     .role = "subscription_expired",
     .gains = "patient.update",
     .only = "patients_update",
     .must_leak = true},
    {.name = "lab technicians lost a permission",
     .role = "lab_tech",
     .loses = "patient.list",
     .only = "patients_list"},
    {.name = "the anonymous see the whole clinic",
     .from = "\"anonymous\":[",
     .to = "\"lab_tech\":[",
     .only = "clinics_get",
     .must_leak = true},
    {.name = "the handler of a list trusts a clinic from outside",
     .operation = "patients_list",
     .run = patients_list_of_b,
     .only = "patients_list",
     .must_leak = true},
    {.name = "the handler of one trusts a clinic from outside",
     .operation = "patients_get",
     .run = patients_get_of_b,
     .only = "patients_get",
     .must_leak = true},
    {.name = "a change goes to a clinic from outside",
     .operation = "patients_update",
     .run = patients_update_of_b,
     .only = "patients_update",
     .must_leak = true},
    {.name = "a record is made in a clinic from outside",
     .operation = "patients_create",
     .run = patients_create_in_b,
     .only = "patients_create",
     .must_leak = true},
    {.name = "a patient is taken for staff",
     .operation = "patients_get",
     .run = patients_get_as_staff,
     .only = "patients_get",
     .must_leak = true},
    {.name = "policies of allergies and patients opened",
     .sql = OPEN("allergy") ";" OPEN("patient"),
     .only = "allergies_",
     .needs_wall_1_gone = true,
     .must_leak = true},
    {.name = "a patient is taken for staff, at the allergies",
     .operation = "allergies_list",
     .run = allergies_list_as_staff,
     .only = "allergies_list",
     .must_leak = true},
    {.name = "a patient is taken for staff, at the access log",
     .operation = "access_log_list",
     .run = access_log_list_as_staff,
     .only = "access_log_list",
     .must_leak = true},
    {.name = "an allergy is noted in a clinic from outside",
     .operation = "allergies_create",
     .run = allergies_create_in_b,
     .only = "allergies_create",
     .must_leak = true},
    {.name = "receptionists may read the access log",
     .role = "receptionist",
     .gains = "access.read",
     .only = "access_log_list",
     .must_leak = true},
    {.name = "patients may note allergies",
     .role = "patient",
     .gains = "allergy.write",
     .only = "allergies_",
     .must_leak = true},
    {.name = "policies of visits and patients opened",
     .sql = OPEN("visit") ";" OPEN("patient"),
     .only = "visits_",
     .needs_wall_1_gone = true,
     .must_leak = true},
    {.name = "policies of prescriptions, their lines and patients opened",
     .sql = OPEN("prescription") ";" OPEN("prescription_medicine") ";" OPEN("patient"),
     .only = "prescriptions_list",
     .needs_wall_1_gone = true,
     .must_leak = true},
    {.name = "policies of admissions, treatments and patients opened",
     .sql = OPEN("admission") ";" OPEN("treatment") ";" OPEN("patient"),
     .only = "treatments_list",
     .needs_wall_1_gone = true,
     .must_leak = true},
    {.name = "a treatment is written in a clinic from outside",
     .operation = "treatments_create",
     .run = treatments_create_in_b,
     .only = "treatments_create",
     .must_leak = true},
    {.name = "a visit is made in a clinic from outside",
     .operation = "visits_create",
     .run = visits_create_in_b,
     .only = "visits_create",
     .must_leak = true},
    {.name = "the handler of prescriptions trusts a clinic from outside",
     .operation = "prescriptions_list",
     .run = prescriptions_list_of_b,
     .only = "prescriptions_list",
     .must_leak = true},
    {.name = "a patient is taken for staff, at the visits",
     .operation = "visits_get",
     .run = visits_get_as_staff,
     .only = "visits_get",
     .must_leak = true},
    {.name = "receptionists may prescribe",
     .role = "receptionist",
     .gains = "prescription.write", /* the author's rule still stands */
     .only = "prescription_medicines_"},
    {.name = "patients may hear the queue",
     .role = "patient",
     .gains = "queue.read",
     .only = "queue_",
     .must_leak = true},
    {.name = "a 404 explains",
     .operation = "patients_get",
     .run = patients_get_explained,
     .only = "patients_get",
     .must_leak = true},
};

/* ---- planting ---- */

static void change_role(json_t *document, const struct plant *plant)
{
    json_t *role = json_object_get(json_object_get(document, "x-roles"), plant->role);
    size_t before = json_array_size(role), i;
    json_t *permission;
    if (plant->gains)
        json_array_append_new(role, json_string(plant->gains));
    json_array_foreach(role, i, permission)
    {
        if (plant->loses && strcmp(json_string_value(permission), plant->loses) == 0)
            json_array_remove(role, i--);
    }
    if (json_array_size(role) == before)
        fail_msg("%s: %s does not have %s", plant->name, plant->role, plant->loses);
}

static const char *document_with(struct arena *arena, const struct plant *plant)
{
    struct buf out;
    json_auto_t *json = json_loadb(document_bytes, document_bytes_n, 0, NULL);
    if (plant->role)
        change_role(json, plant);
    char *text = json_dumps(json, JSON_COMPACT);
    size_t length = plant->from ? strlen(plant->from) : 0, found = !plant->from;
    buf_begin(&out, arena, strlen(text) * 2);
    for (const char *at = text; *at;) {
        if (length && strncmp(at, plant->from, length) == 0) {
            buf_text(&out, plant->to);
            at += length;
            found++;
        } else {
            buf_char(&out, *at++);
        }
    }
    free(text);
    if (found == 0)
        fail_msg("%s: the document does not say %s", plant->name, plant->from);
    return out.text;
}

static const struct handler *handlers_with(struct arena *arena, const struct plant *plant)
{
    struct handler *handlers = arena_array(arena, struct handler, endpoints_n);
    for (size_t i = 0; i < endpoints_n; i++) {
        bool is_replaced = strcmp(endpoints[i].operation, plant->operation) == 0;
        handlers[i].operation = endpoints[i].operation;
        handlers[i].run = is_replaced ? plant->run : endpoints[i].run;
    }
    return handlers;
}

static void plant_run(const struct plant *plant, struct matrix_report *report)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct world world;
    world_begin(&world,
                &(struct world_options){
                    .name = "planted",
                    .plant = plant->sql,
                    .bypass_wall_2 = plant->bypass_wall_2,
                    .document = plant->from || plant->role ? document_with(&arena, plant) : NULL,
                    .handlers = plant->run ? handlers_with(&arena, plant) : NULL,
                    .handlers_n = endpoints_n,
                });
    matrix_run(&world, &(struct matrix_options){.only = plant->only, .is_quiet = true}, report);
    world_end(&world);
}

static bool is_judged_well(const struct plant *plant, const struct matrix_report *report)
{
    bool is_red = plant->must_leak ? report->leaks > 0 : report->leaks + report->failures > 0;
    bool is_green = report->leaks + report->failures == 0;
    return plant->needs_wall_1_gone && WALL_1_STANDS ? is_green : is_red;
}

static void every_planted_defect_turns_the_matrix_red(void **state)
{
    size_t n = sizeof plants / sizeof *plants, good = 0;
    (void)state;
    for (size_t i = 0; i < n; i++) {
        struct matrix_report report;
        plant_run(&plants[i], &report);
        bool is_good = is_judged_well(&plants[i], &report);
        good += is_good;
        printf("%s: %u checks, %u leaks, %u failures%s\n", plants[i].name, report.checks,
               report.leaks, report.failures, is_good ? "" : "  <- NOT AS IT MUST BE");
    }
    printf("planted: %zu of %zu judged well (wall 1 %s)\n", good, n,
           WALL_1_STANDS ? "stands" : "is gone");
    assert_int_equal(good, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_planted_defect_turns_the_matrix_red)};
    return cmocka_run_group_tests_name("planted", tests, NULL, NULL);
}
