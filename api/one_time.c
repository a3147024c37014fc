#include "api/one_time.h"

#include "db/buf.h"
#include "models/account/password.h"

enum err one_time_make(struct request *request, struct one_time *out)
{
    const char *kept = request_kept_secret(request);
    if (kept) {
        *out = (struct one_time){.password = kept, .hash = ""}; /* which no query will see */
        return ERR_NONE;
    }
    const char *password = password_one_time(&request->arena);
    struct password_job *job = password_job_make(NULL, NULL, password);
    enum err err = request_offload(request, password_job_run, job, password_job_release);
    if (err)
        return err;
    if (!job->hash[0])
        return fail_quietly(&request->fault, ERR_INTERNAL, NULL, "password hash: no memory");
    request_keep_secret(request, password);
    *out = (struct one_time){.password = password, .hash = job->hash};
    return ERR_NONE;
}

const char *one_time_json(struct request *request, const struct one_time *made)
{
    struct buf json;
    buf_begin(&json, &request->arena, 64);
    buf_json_string(&json, made->password);
    return json.text;
}

const char *one_time_login_json(struct request *request, const char *username,
                                const struct one_time *made)
{
    struct buf json;
    buf_begin(&json, &request->arena, 256);
    buf_text(&json, "{\"username\":");
    buf_json_string(&json, username);
    buf_text(&json, ",\"one_time_password\":");
    buf_json_string(&json, made->password);
    buf_char(&json, '}');
    return json.text;
}
