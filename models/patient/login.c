#include "models/patient/login.h"

#include "db/uuid.h"
#include "gen/queries.h"

enum err login_create(struct tx *tx, const char *patient_id, const char *password_hash,
                      struct rows *out)
{
    char id[UUID_TEXT];
    const struct q_patient_login_create_args args = {
        .id = patient_id,
        .account_id = uuid_make(tx->scope.now_us, id),
        .password_hash = password_hash,
    };
    return query_run(tx, &q_patient_login_create, &args, out);
}

enum err login_reset(struct tx *tx, const char *patient_id, const char *password_hash,
                     struct rows *out)
{
    const struct q_account_lock_args held = {.patient_id = patient_id};
    const struct q_patient_login_reset_args args = {.id = patient_id,
                                                    .password_hash = password_hash};
    enum err err = query_run(tx, &q_account_lock, &held, NULL);
    return err ? err : query_run(tx, &q_patient_login_reset, &args, out);
}

enum err login_disable(struct tx *tx, const char *patient_id, struct rows *out)
{
    const struct q_patient_login_disable_args args = {.id = patient_id};
    return query_run(tx, &q_patient_login_disable, &args, out);
}
