/* clinicd user create-superadmin, list, reset, disable, enable, sessions revoke: accounts, beside a
 * running service or without one.
 */
#include "api/app/office.h"
#include "models/account/password.h"
#include "models/account/staff.h"
#include "models/clinic/directory.h"
#include "models/platform/platform.h"
#include "models/session/session.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { PASSWORD_ROOM = 1026, LIST_MOST = 1000 };

/* One line without its newline. False: none, or longer than the room. */
static bool line_read(char *line, int room)
{
    if (!fgets(line, room, stdin))
        return false;
    size_t length = strcspn(line, "\r\n");
    bool is_whole = line[length] != '\0' || feof(stdin);
    line[length] = '\0';
    return is_whole;
}

static bool password_ask(const char *prompt, char *password)
{
    struct termios before;
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return false;
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    fputs(prompt, stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    bool is_read = line_read(password, PASSWORD_ROOM);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return is_read;
}

static bool password_take(struct call *call, char *password)
{
    char again[PASSWORD_ROOM];
    if (call_option(call, "--password-stdin")) {
        if (line_read(password, PASSWORD_ROOM))
            return true;
        call_usage(call, "no password came on standard input, or one over 1024 bytes");
        return false;
    }
    if (!isatty(STDIN_FILENO)) {
        call_usage(call, "without a terminal the password comes by --password-stdin");
        return false;
    }
    bool is_same = password_ask("Password: ", password) && password_ask("Again: ", again) &&
                   strcmp(password, again) == 0;
    sodium_memzero(again, sizeof again);
    if (!is_same)
        call_usage(call, "the two passwords differ");
    return is_same;
}

static enum err superadmin_make(struct call *call, const struct office *office,
                                const char *username, const char *password, bool *created)
{
    struct tx tx;
    office_tx(office, call, 0, 201, &tx);
    enum err err = superadmin_create(&tx, username, password, created);
    if (!err)
        err = tx_commit(&tx, NULL);
    tx_end(&tx);
    return err;
}

static void answer(struct call *call, const char *username, bool created)
{
    buf_format(&call->text, "%s the super admin %s\n", created ? "made" : "there is already",
               username);
    buf_text(&call->result, "{\"username\": ");
    buf_json_string(&call->result, username);
    buf_format(&call->result, ", \"created\": %s}", created ? "true" : "false");
    if (!created)
        call_warn(call, "the account existed: its password was not changed");
}

enum exit_code run_create_superadmin(struct call *call)
{
    char password[PASSWORD_ROOM];
    bool created = false;
    struct office office = {.database = NULL};
    const char *username = call_option(call, "--username");
    if (!username)
        return call_usage(call, "--username NAME is required");
    if (!password_take(call, password))
        return EXIT_USAGE;
    enum err err = office_open(call, &office);
    if (!err)
        err = superadmin_make(call, &office, username, password, &created);
    office_close(&office);
    sodium_memzero(password, sizeof password);
    if (err)
        return call_failed(call);
    answer(call, username, created);
    return EXIT_DONE;
}

/* The people of a clinic, or those among them whose names hold `q`. */
static enum err staff_of(struct call *call, const struct office *office, struct tx *tx,
                         const char *q, struct rows *out)
{
    const char *slug = call_option(call, "--clinic");
    const struct staff_filter filter = {.q = q};
    struct directory *directory;
    int64_t total;
    enum err err = directory_load(office->database, &call->fault, &directory);
    if (err)
        return err;
    const struct clinic_entry *entry = directory_find(directory, slug);
    int64_t clinic_id = entry ? entry->clinic_id : 0;
    directory_free(directory);
    if (clinic_id == 0)
        return fail(&call->fault, ERR_INPUT, "clinic-unknown", "there is no clinic %s", slug);
    office_tx(office, call, clinic_id, 200, tx);
    tx->scope.page = (struct page){.limit = LIST_MOST};
    err = staff_find_all(tx, &filter, out, &total);
    if (err)
        tx_end(tx);
    return err;
}

static void account_line(struct call *call, const struct rows *rows, int i)
{
    const char *last = rows_text(rows, i, "last_name");
    buf_format(&call->text, "%-30s %-14s %-8s %s %s\n", rows_text(rows, i, "username"),
               rows_text(rows, i, "role"),
               rows_bool(rows, i, "is_active", false) ? "active" : "closed",
               rows_text(rows, i, "first_name"), last ? last : "");
}

enum exit_code run_user_list(struct call *call)
{
    struct office office = {.database = NULL};
    struct rows rows = {.count = 0};
    struct tx tx;
    if (!call_option(call, "--clinic"))
        return call_usage(call, "--clinic SLUG is required");
    enum err err = office_open(call, &office);
    if (!err)
        err = staff_of(call, &office, &tx, NULL, &rows);
    if (!err) {
        err = tx_commit(&tx, NULL);
        tx_end(&tx);
    }
    int shown = rows.count < LIST_MOST ? rows.count : LIST_MOST;
    for (int i = 0; !err && i < shown; i++)
        account_line(call, &rows, i);
    buf_char(&call->result, '[');
    if (!err)
        rows_render_list(&call->result, &rows, 0, shown, &(struct view){.hidden = NULL});
    buf_char(&call->result, ']');
    office_close(&office);
    return err ? call_failed(call) : EXIT_DONE;
}

/* Whose name it is: the row of the account, whole, in a transaction that the caller ends. */
static enum err account_take(struct call *call, const struct office *office, const char *name,
                             struct tx *tx, struct rows *out)
{
    struct rows rows;
    const char *id = NULL;
    enum err err = staff_of(call, office, tx, name, &rows);
    if (err)
        return err;
    for (int i = 0; i < rows.count; i++)
        if (strcasecmp(rows_text(&rows, i, "username"), name) == 0)
            id = rows_text(&rows, i, "id");
    err = id ? staff_find(tx, id, out)
             : fail(&call->fault, ERR_INPUT, "user-unknown", "nobody there is called %s", name);
    if (!err) {
        tx->scope.has_if_match = true;
        tx->scope.if_match = rows_int(out, 0, "version", 0);
    } else {
        tx_end(tx);
    }
    return err;
}

static enum err password_replace(struct call *call, struct tx *tx, const struct rows *account)
{
    char hash[PASSWORD_HASH_TEXT];
    struct rows rows;
    const char *name = rows_text(account, 0, "username");
    const char *password = password_one_time(&call->arena);
    enum err err = password_hash(password, &password_target, &call->fault, hash);
    if (!err)
        err = staff_reset_password(tx, rows_text(account, 0, "id"), hash, &rows);
    if (err)
        return err;
    buf_format(&call->text, "%s has the password %s\n", name, password);
    buf_text(&call->result, ", \"one_time_password\": ");
    buf_json_string(&call->result, password);
    call_warn(call, "the password is shown now and never again; all sessions have ended");
    return ERR_NONE;
}

static enum err account_disable(struct call *call, struct tx *tx, const struct rows *account)
{
    struct rows rows;
    buf_format(&call->text, "%s is closed; all sessions have ended\n",
               rows_text(account, 0, "username"));
    return staff_deactivate(tx, rows_text(account, 0, "id"), NULL, &rows);
}

static enum err account_enable(struct call *call, struct tx *tx, const struct rows *account)
{
    struct rows rows;
    buf_format(&call->text, "%s may sign in again\n", rows_text(account, 0, "username"));
    return staff_reactivate(tx, rows_text(account, 0, "id"), &rows);
}

static enum err sessions_revoke(struct call *call, struct tx *tx, const struct rows *account)
{
    struct rows alive;
    int64_t total = 0;
    const char *id = rows_text(account, 0, "id");
    tx->scope.page = (struct page){.limit = LIST_MOST};
    enum err err = session_list(tx, id, NULL, &alive, &total);
    if (!err)
        err = session_end(tx, &realm_clinic, id, NULL, "ended");
    buf_format(&call->text, "%d sessions of %s have ended\n", err ? 0 : alive.count,
               rows_text(account, 0, "username"));
    buf_format(&call->result, ", \"sessions\": %d", err ? 0 : alive.count);
    return err;
}

/* Something that is done to one of a clinic's staff: one transaction, with its row in the trail. */
static enum exit_code account_run(struct call *call,
                                  enum err (*act)(struct call *call, struct tx *tx,
                                                  const struct rows *account))
{
    struct office office = {.database = NULL};
    struct rows account;
    struct tx tx;
    if (call->operands_n != 1 || !call_option(call, "--clinic"))
        return call_usage(call, "say whose account, and --clinic SLUG");
    enum err err = office_open(call, &office);
    if (!err)
        err = account_take(call, &office, call->operands[0], &tx, &account);
    if (!err) {
        buf_text(&call->result, "{\"username\": ");
        buf_json_string(&call->result, rows_text(&account, 0, "username"));
        err = act(call, &tx, &account);
        buf_char(&call->result, '}');
        if (!err)
            err = tx_commit(&tx, NULL);
        tx_end(&tx);
    }
    office_close(&office);
    if (!err)
        return EXIT_DONE;
    call->text.length = call->result.length = call->warnings_n = 0; /* nothing of it happened */
    return call_failed(call);
}

enum exit_code run_user_reset(struct call *call)
{
    return account_run(call, password_replace);
}

enum exit_code run_user_disable(struct call *call)
{
    return account_run(call, account_disable);
}

enum exit_code run_user_enable(struct call *call)
{
    return account_run(call, account_enable);
}

enum exit_code run_user_sessions_revoke(struct call *call)
{
    return account_run(call, sessions_revoke);
}
