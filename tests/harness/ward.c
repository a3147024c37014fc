#include "tests/harness/ward.h"

#include "db/buf.h"
#include "tests/harness/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void ward_patients(struct world *world, int n)
{
    sql_run(world->boss,
            "INSERT INTO clinicd.patient (clinic_id, id, patient_number, name, registered_on, "
            "created_at, updated_at) SELECT 7001, ('0190a000-0000-7000-8000-aa000000' || 1000 + "
            "n)::uuid, 'PT-2026-' || lpad(n::text, 5, '0'), 'Lying ' || n, '2026-01-01', now(), "
            "now() FROM generate_series(1, %d) n ON CONFLICT DO NOTHING; "
            "UPDATE clinicd.quota SET used = (SELECT count(*) FROM clinicd.patient p WHERE "
            "p.clinic_id = 7001 AND p.deleted_at IS NULL) WHERE clinic_id = 7001 AND kind = "
            "'patient'",
            n);
}

struct answer ward_ask(struct world *world, int patient, const char *bed, const char *more)
{
    return ask(world, "POST", path_a(world, "/admissions"), token_a(world, "doctor"),
               arena_format(&world->arena,
                            "{\"patient_id\": \"%s\", \"admission_type\": \"general\", "
                            "\"room_number\": \"7\", \"bed_number\": \"%s\", "
                            "\"reason_for_admission\": \"Fever for six days\"%s}",
                            id_a(world, patient), bed, more));
}

struct answer ward_admit(struct world *world, int patient, const char *bed, const char *more)
{
    struct answer made = ward_ask(world, patient, bed, more);
    expect(&made, 201, NULL);
    return made;
}

const char *ward_path(struct world *world, const struct answer *stay, const char *rest)
{
    return path_a(world, "/admissions/%s%s", answer_text(stay, "id"), rest);
}

struct answer ward_read(struct world *world, const struct answer *stay)
{
    struct answer now =
        ask(world, "GET", ward_path(world, stay, ""), token_a(world, "doctor"), NULL);
    expect(&now, 200, NULL);
    return now;
}

struct answer ward_do(struct world *world, const struct answer *stay, const char *who,
                      const char *method, const char *rest, const char *body)
{
    struct answer now = ward_read(world, stay);
    return ask_if(world, method, ward_path(world, stay, rest), token_a(world, who), body,
                  answer_header(&world->arena, &now, "ETag", NULL));
}

struct answer ward_end(struct world *world, const struct answer *stay, const char *outcome)
{
    struct answer over =
        ward_do(world, stay, "doctor", "POST", "/discharge",
                arena_format(&world->arena,
                             "{\"outcome\": \"%s\", \"final_diagnosis\": \"Dengue fever\", "
                             "\"discharge_notes\": \"As agreed\"}",
                             outcome));
    expect(&over, 200, NULL);
    return over;
}

void ward_left(struct world *world)
{
    sql_run(world->boss,
            "SET session_replication_role = replica; UPDATE clinicd.admission SET status = "
            "'shifted', discharge_notes = 'To the city', ended_at = admitted_at WHERE id = '%s'; "
            "RESET session_replication_role",
            id_a(world, WARD_OPEN));
}

const char *ward_flaws(struct world *world, const struct answer *answer)
{
    struct buf out;
    const json_t *flaw;
    size_t i;
    expect(answer, 422, "validation-failed");
    buf_begin(&out, &world->arena, 100);
    json_array_foreach(json_object_get(answer->json, "errors"), i, flaw) buf_format(
        &out, "%s%s %s", i ? ", " : "", json_string_value(json_object_get(flaw, "pointer")),
        json_string_value(json_object_get(flaw, "code")));
    return out.text;
}

const char *ward_patient_status(struct world *world, int patient)
{
    return sql_text(world->boss, &world->arena,
                    "SELECT status FROM clinicd.patient WHERE clinic_id = 7001 AND id = '%s'",
                    id_a(world, patient));
}
