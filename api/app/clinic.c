/* clinicd clinic create, list, show, update, activate, suspend, archive: by the models that the API
 * uses, so by its rules, one transaction each, with its row in the trail. */
#include "models/clinic/clinic.h"

#include "api/app/clinic_file.h"
#include "api/app/office.h"
#include "models/account/password.h"
#include "models/clinic/directory.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LIST_MOST = 1000 };

static const struct view everything = {.hidden = NULL};

/* What the command line says goes over what the file says. */
static enum err body_complete(struct call *call, json_t *body)
{
    const char *slug = call->operands[0], *own = json_string_value(json_object_get(body, "slug"));
    const char *name = call_option(call, "--admin-username");
    const char *email = call_option(call, "--admin-email");
    if (own && strcmp(own, slug) != 0)
        return fail(&call->fault, ERR_INPUT, "usage", "the file is about %s, not %s", own, slug);
    json_object_set_new(body, "slug", json_string(slug));
    if (!name && !email)
        return ERR_NONE;
    if (!json_object_get(body, "admin"))
        json_object_set_new(body, "admin", json_object());
    if (name)
        json_object_set_new(json_object_get(body, "admin"), "username", json_string(name));
    if (email)
        json_object_set_new(json_object_get(body, "admin"), "email", json_string(email));
    return ERR_NONE;
}

static enum err clinic_look_up(struct call *call, const struct office *office, const char *slug,
                               int64_t *out)
{
    struct directory *directory;
    enum err err = directory_load(office->database, &call->fault, &directory);
    if (err)
        return err;
    const struct clinic_entry *entry = directory_find(directory, slug);
    *out = entry ? entry->clinic_id : 0;
    directory_free(directory);
    return ERR_NONE;
}

static enum err clinic_open(struct call *call, const struct office *office, const json_t *body,
                            struct rows *rows)
{
    char hash[PASSWORD_HASH_TEXT];
    struct tx tx;
    const char *password = password_one_time(&call->arena);
    const char *username = clinic_admin_username(&call->arena, body);
    enum err err = password_hash(password, &password_target, &call->fault, hash);
    if (err)
        return err;
    office_tx(office, call, 0, 201, &tx);
    err = clinic_create(&tx, body, username, hash, rows);
    if (!err)
        err = tx_commit(&tx, NULL);
    tx_end(&tx);
    if (err)
        return err;
    buf_format(&call->text, "made the clinic %s; its administrator %s has the password %s\n",
               rows_text(rows, 0, "slug"), username, password);
    buf_text(&call->result, "{\"created\": true, \"clinic\": ");
    rows_render(&call->result, rows, 0, &everything);
    buf_text(&call->result, ", \"admin\": {\"username\": ");
    buf_json_string(&call->result, username);
    buf_text(&call->result, ", \"one_time_password\": ");
    buf_json_string(&call->result, password);
    buf_text(&call->result, "}}");
    call_warn(call, "the password is shown now and never again; it must be changed in 72 hours");
    return ERR_NONE;
}

static enum err clinic_make(struct call *call, const struct office *office, const json_t *body)
{
    struct rows rows;
    int64_t there = 0;
    enum err err = ERR_NONE;
    if (call_option(call, "--if-not-exists"))
        err = clinic_look_up(call, office, call->operands[0], &there);
    if (err || there == 0)
        return err ? err : clinic_open(call, office, body, &rows);
    buf_format(&call->text, "there is already the clinic %s\n", call->operands[0]);
    buf_text(&call->result, "{\"created\": false}");
    call_warn(call, "the clinic existed: nothing of it was changed");
    return ERR_NONE;
}

enum exit_code run_clinic_create(struct call *call)
{
    struct office office = {.database = NULL};
    json_t *body = NULL;
    const char *path = call_option(call, "--from");
    if (call->operands_n != 1 || !path)
        return call_usage(call, "say which slug, and --from FILE");
    enum err err = clinic_file_read(call, path, &body);
    if (!err)
        err = body_complete(call, body);
    if (!err)
        err = clinic_file_check(call, "clinics_create", &body);
    arena_json(&call->arena, body);
    if (err)
        return EXIT_USAGE;
    err = office_open(call, &office);
    if (!err)
        err = clinic_make(call, &office, body);
    office_close(&office);
    if (!err)
        call_next(call, "import FILE");
    return err ? call_failed(call) : EXIT_DONE;
}

static void clinic_line(struct call *call, const struct rows *rows, int row)
{
    buf_format(&call->text, "%-30s %-10s %s\n", rows_text(rows, row, "slug"),
               rows_bool(rows, row, "is_active", false)
                   ? rows_text(rows, row, "subscription_status")
                   : "closed",
               rows_text(rows, row, "name"));
}

enum exit_code run_clinic_list(struct call *call)
{
    struct office office = {.database = NULL};
    const struct clinic_filters filters = {.status = call_option(call, "--status")};
    struct rows rows = {.count = 0};
    struct tx tx;
    int64_t total;
    enum err err = office_open(call, &office);
    if (!err) {
        office_tx(&office, call, 0, 200, &tx);
        tx.scope.page = (struct page){.limit = LIST_MOST};
        err = clinic_list_all(&tx, &filters, &rows, &total);
        if (!err)
            err = tx_commit(&tx, NULL);
        tx_end(&tx);
    }
    int shown = rows.count < LIST_MOST ? rows.count : LIST_MOST;
    for (int i = 0; !err && i < shown; i++)
        clinic_line(call, &rows, i);
    buf_char(&call->result, '[');
    if (!err)
        rows_render_list(&call->result, &rows, 0, shown, &everything);
    buf_char(&call->result, ']');
    if (rows.count > LIST_MOST)
        call_warn(call, "there are more; these are the first %d", LIST_MOST);
    office_close(&office);
    return err ? call_failed(call) : EXIT_DONE;
}

/* What is done to a clinic, and with which merge patch; change NULL: it is only shown. */
struct clinic_work {
    enum err (*change)(struct tx *tx, const json_t *patch, struct rows *out);
    const json_t *patch;
    bool is_read_after; /* the change says nothing of how the clinic is now */
};

static enum err clinic_archive(struct tx *tx, const json_t *patch, struct rows *out)
{
    (void)patch;
    (void)out;
    return clinic_deactivate(tx); /* the trail notes what comes last: nothing is read behind it */
}

static enum err clinic_change(struct call *call, struct tx *tx, const struct clinic_work *work,
                              struct rows *rows)
{
    if (rows_bool(rows, 0, "_is_importing", false))
        return fail(&call->fault, ERR_CONFLICT, "clinic-importing",
                    "%s is being imported: `clinicd import` opens it when it is whole",
                    call->operands[0]);
    tx->scope.has_if_match = true;
    tx->scope.if_match = rows_int(rows, 0, "version", 0);
    return work->change(tx, work->patch, rows);
}

/* Reads the clinic and changes it in the same transaction. */
static enum err clinic_visit(struct call *call, const struct office *office,
                             const struct clinic_work *work)
{
    struct rows rows;
    struct tx tx;
    int64_t clinic_id;
    enum err err = clinic_look_up(call, office, call->operands[0], &clinic_id);
    if (!err && clinic_id == 0)
        err = fail(&call->fault, ERR_INPUT, "clinic-unknown", "there is no clinic %s",
                   call->operands[0]);
    if (err)
        return err;
    office_tx(office, call, clinic_id, 200, &tx);
    err = clinic_find(&tx, &rows);
    if (!err && work->change)
        err = clinic_change(call, &tx, work, &rows);
    if (!err)
        err = tx_commit(&tx, NULL);
    tx_end(&tx);
    if (!err && work->is_read_after)
        return clinic_visit(call, office, &(struct clinic_work){.change = NULL});
    if (err)
        return err;
    clinic_line(call, &rows, 0);
    rows_render(&call->result, &rows, 0, &everything);
    return ERR_NONE;
}

static enum exit_code visit_run(struct call *call, const struct clinic_work *work)
{
    struct office office = {.database = NULL};
    if (call->operands_n != 1)
        return call_usage(call, "say which clinic");
    enum err err = office_open(call, &office);
    if (!err)
        err = clinic_visit(call, &office, work);
    office_close(&office);
    return err ? call_failed(call) : EXIT_DONE;
}

static enum exit_code status_run(struct call *call, const char *status)
{
    json_t *patch = json_pack("{s:s, s:b}", "subscription_status", status, "is_active", 1);
    return visit_run(call, &(struct clinic_work){.change = clinic_set_subscription,
                                                 .patch = arena_json(&call->arena, patch)});
}

enum exit_code run_clinic_show(struct call *call)
{
    return visit_run(call, &(struct clinic_work){.change = NULL});
}

/* The file is what PATCH /clinics/{slug} takes: what it does not name stays. */
enum exit_code run_clinic_update(struct call *call)
{
    json_t *body = NULL;
    const char *path = call_option(call, "--from");
    if (call->operands_n != 1 || !path)
        return call_usage(call, "say which slug, and --from FILE");
    enum err err = clinic_file_read(call, path, &body);
    if (!err)
        err = clinic_file_check(call, "clinics_update", &body);
    arena_json(&call->arena, body);
    if (err)
        return EXIT_USAGE;
    return visit_run(call, &(struct clinic_work){.change = clinic_update, .patch = body});
}

enum exit_code run_clinic_archive(struct call *call)
{
    return visit_run(call, &(struct clinic_work){.change = clinic_archive, .is_read_after = true});
}

enum exit_code run_clinic_activate(struct call *call)
{
    return status_run(call, "active");
}

enum exit_code run_clinic_suspend(struct call *call)
{
    return status_run(call, "suspended");
}
