#include "api/sign_in.h"

#include "api/http/incoming.h"
#include "api/http/reply.h"
#include "api/http/service.h"
#include "models/account/account.h"
#include "models/account/password.h"
#include "models/clinic/directory.h"
#include "models/session/session.h"

#include <string.h>

static struct session_ttl ttl_of(const struct request *request, bool is_patient)
{
    const struct service_options *options = &request->service->options;
    const struct clinic_entry *clinic = request->clinic;
    int staff_idle = clinic && clinic->idle_ttl_s > 0 ? clinic->idle_ttl_s : options->idle_ttl_s;
    return (struct session_ttl){
        .access = options->access_ttl_s,
        .refresh = options->refresh_ttl_s,
        .idle = is_patient ? options->patient_idle_ttl_s : staff_idle,
        .absolute = is_patient ? options->patient_absolute_ttl_s : options->absolute_ttl_s,
    };
}

/* "account": {…}, "clinic": {…}, "must_change_password": …} */
static void write_account(struct request *request, const struct rows *account, struct buf *out)
{
    buf_text(out, "\"account\":");
    rows_render(out, account, 0, &request->view);
    buf_text(out, ",\"clinic\":");
    if (request->clinic) {
        buf_text(out, "{\"slug\":");
        buf_json_string(out, request->clinic->slug);
        buf_text(out, ",\"name\":");
        buf_json_string(out, request->clinic->name);
        buf_char(out, '}');
    } else {
        buf_text(out, "null");
    }
    buf_format(out, ",\"must_change_password\":%s}",
               rows_bool(account, 0, "must_change_password", true) ? "true" : "false");
}

static enum err reply_tokens(struct request *request, const struct tokens *tokens,
                             const struct rows *account)
{
    struct buf out;
    buf_begin(&out, &request->arena, 1024);
    buf_format(&out, "{\"access_token\":\"%s\",\"token_type\":\"Bearer\",\"expires_in\":%lld",
               tokens->access, (long long)rows_int(account, 0, "_access_seconds", 0));
    buf_format(&out, ",\"refresh_token\":\"%s\",\"refresh_expires_in\":%lld,", tokens->refresh,
               (long long)rows_int(account, 0, "_refresh_seconds", 0));
    write_account(request, account, &out);
    return reply_text(request, &out);
}

static enum err refuse(struct request *request)
{
    fault_reset(&request->fault);
    return request_fail(request, ERR_INPUT, "invalid-credentials", NULL);
}

/* Verifies off the request's thread. A try that was never looked at is taken back. */
static enum err verify(struct request *request, const struct realm *realm,
                       const struct admission *try, const char *given, const char *next,
                       const struct password_job **out)
{
    struct password_job *job = password_job_make(try->password_hash, given, next);
    enum err err = request_offload(request, password_job_run, job, password_job_release);
    if (!err)
        *out = job;
    else if (account_forgive(request_tx(request), realm, try))
        return err; /* the first story stays: that the count is one too high is no other */
    return err;
}

void sign_in_act_as(struct tx *tx, const struct realm *realm, const struct admission *who)
{
    tx->scope.actor_kind = realm->actor_kind;
    tx->scope.actor_id = who->account_id;
    tx->scope.actor_name = who->username;
    tx->scope.actor_role = who->role;
}

/* For people, who look for their telephone in a list: what is no ASCII is left out. */
static const char *user_agent(struct request *request)
{
    const char *header = request->incoming->header(request->incoming, "User-Agent");
    char *text = arena_copy(&request->arena, header);
    char *to = text;
    for (const char *from = text; from && *from; from++)
        if (*from >= ' ' && *from <= '~')
            *to++ = *from;
    if (to)
        *to = '\0';
    return text;
}

enum err sign_in(struct request *request, const struct realm *realm)
{
    struct tx *tx = request_tx(request);
    struct admission who;
    enum err err = account_admit(tx, realm, request_string(request, "username"), &who);
    if (err)
        return err;
    tx_audit(tx, realm->account_entity, who.account_id, who.patient_id, NULL, NULL);
    const struct password_job *job;
    err = verify(request, realm, &who, request_string(request, "password"), NULL, &job);
    if (err)
        return err;
    if (!job->is_right || !who.account_id || !who.may_sign_in)
        return refuse(request);

    sign_in_act_as(tx, realm, &who);
    struct sign_in signing = {
        .account_id = who.account_id,
        .seen_hash = who.password_hash,
        .better_hash = job->hash[0] ? job->hash : NULL,
        .user_agent = user_agent(request),
        .name_key = who.name_key,
        .address_key = who.address_key,
    };
    struct session_ttl ttl = ttl_of(request, who.patient_id);
    struct tokens tokens;
    struct rows account;
    err = session_open(tx, realm, &signing, &ttl, &tokens, &account);
    if (err == ERR_NOT_FOUND)
        return refuse(request);
    return err ? err : reply_tokens(request, &tokens, &account);
}

/* An old token came back: the whole family ends, before the answer. */
static void end_family(struct request *request, const struct realm *realm, const char *presented)
{
    struct tx *tx = request_tx(request);
    struct rows ended;
    tx_end(tx);
    if (session_end_family(tx, realm, presented, &ended))
        return; /* ended already, or no database: then nobody can use the family either */
    tx_audit(tx, realm->account_entity, rows_text(&ended, 0, "account_id"), NULL, NULL, NULL);
    request_forget(request, realm->session_news, rows_text(&ended, 0, "session_id"));
}

enum err sign_in_refresh(struct request *request, const struct realm *realm)
{
    struct tx *tx = request_tx(request);
    const char *presented = request_string(request, "refresh_token");
    /* Only `access` and `refresh` count here: idle time and end were fixed at sign-in. */
    struct session_ttl ttl = ttl_of(request, false);
    struct tokens tokens;
    struct rows account;
    enum err err = session_refresh(tx, realm, presented, &ttl, &tokens, &account);
    if (err && request->fault.code && strcmp(request->fault.code, "refresh-reused") == 0)
        end_family(request, realm, presented);
    if (err)
        return err;
    struct admission who = {
        .account_id = rows_text(&account, 0, "id"),
        .username = rows_text(&account, 0, "username"),
        .role = rows_text(&account, 0, "role"),
    };
    sign_in_act_as(tx, realm, &who);
    return reply_tokens(request, &tokens, &account);
}

enum err sign_in_end(struct request *request, const struct realm *realm)
{
    const struct principal *me = request->principal;
    bool is_all = json_is_true(json_object_get(request_body(request), "all"));
    enum err err = session_end(request_tx(request), realm, me->account_id,
                               is_all ? NULL : me->session_id, "signed-out");
    if (err)
        return err;
    request_forget(request, is_all ? realm->account_news : realm->session_news,
                   is_all ? me->account_id : me->session_id);
    return reply_empty(request);
}

static const char *new_password_fault(const struct request *request, const struct admission *who,
                                      const char *next)
{
    struct password_words words = {
        .slug = request->clinic ? request->clinic->slug : NULL,
        .clinic_name = request->clinic ? request->clinic->name : NULL,
        .username = who->username,
        .phone = who->mobile_number,
    };
    return password_fault(next, &words);
}

static enum err fault_at(struct request *request, const char *code, const char *pointer,
                         const char *flaw, const char *detail)
{
    fault_reset(&request->fault);
    fault_add(&request->fault, pointer, flaw, "%s", detail);
    return request_fail(request, ERR_INPUT, code, NULL);
}

enum err sign_in_judge_password(struct request *request, const struct admission *who,
                                const char *next)
{
    const char *wrong = new_password_fault(request, who, next);
    return wrong ? fault_at(request, "weak-password", "#/new_password", "weak", wrong) : ERR_NONE;
}

enum err sign_in_change_password(struct request *request, const struct realm *realm)
{
    struct tx *tx = request_tx(request);
    const char *current = request_string(request, "current_password");
    const char *next = request_string(request, "new_password");
    struct admission me;
    enum err err = account_admit(tx, realm, request->principal->name, &me);
    if (err)
        return err;
    tx_audit(tx, realm->account_entity, me.account_id, me.patient_id, NULL, NULL);
    const char *wrong = !me.account_id               ? NULL
                        : strcmp(current, next) == 0 ? "is the one that you have"
                                                     : new_password_fault(request, &me, next);
    if (wrong) {
        err = account_forgive(tx, realm, &me);
        return err ? err : fault_at(request, "weak-password", "#/new_password", "weak", wrong);
    }
    const struct password_job *job;
    err = verify(request, realm, &me, current, next, &job);
    if (err)
        return err;
    if (!job->is_right || !me.account_id)
        return fault_at(request, "validation-failed", "#/current_password", "wrong-password",
                        "is not your password");
    if (!job->hash[0])
        return fail_quietly(&request->fault, ERR_INTERNAL, NULL, "password hash: no memory");
    err = account_change_password(tx, realm, &me, job->hash, request->principal->session_id);
    if (err)
        return err;
    request_forget(request, realm->account_news, me.account_id);
    return reply_empty(request);
}

enum err sign_in_show(struct request *request, const struct realm *realm)
{
    struct rows account;
    enum err err =
        account_find(request_tx(request), realm, request->principal->account_id, &account);
    if (err)
        return err;
    struct buf out;
    buf_begin(&out, &request->arena, 512);
    buf_char(&out, '{');
    write_account(request, &account, &out);
    return reply_text(request, &out);
}
