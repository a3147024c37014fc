/* Forgotten passwords: asked for by whoever forgot, confirmed with what an administrator handed
 * over (models/account/reset.h). */
#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/request.h"
#include "api/sign_in.h"
#include "models/account/password.h"
#include "models/account/reset.h"

enum err auth_password_reset(struct request *request)
{
    enum err err = reset_request(request_tx(request), request_string(request, "username"));
    return err ? err : reply_empty(request);
}

static enum err refuse(struct request *request)
{
    fault_reset(&request->fault);
    return request_fail(request, ERR_INPUT, "reset-token-invalid", NULL);
}

enum err auth_password_reset_confirm(struct request *request)
{
    struct tx *tx = request_tx(request);
    const char *token = request_string(request, "token");
    const char *next = request_string(request, "new_password");
    struct admission who;
    enum err err = reset_find(tx, token, &who);
    if (err)
        return err == ERR_NOT_FOUND ? refuse(request) : err;
    sign_in_act_as(tx, &realm_clinic, &who);
    tx_audit(tx, realm_clinic.account_entity, who.account_id, who.patient_id, NULL, NULL);
    err = sign_in_judge_password(request, &who, next);
    if (err)
        return err;
    struct password_job *job = password_job_make(NULL, NULL, next);
    err = request_offload(request, password_job_run, job, password_job_release);
    if (err)
        return err;
    if (!job->hash[0])
        return fail_quietly(&request->fault, ERR_INTERNAL, NULL, "password hash: no memory");
    err = reset_confirm(tx, &who, token, job->hash);
    if (err)
        return err == ERR_NOT_FOUND ? refuse(request) : err;
    request_forget(request, realm_clinic.account_news, who.account_id);
    return reply_empty(request);
}
