/* clinicd user create-superadmin: the first account, made beside a running service or without one.
 */
#include "api/app/commands.h"
#include "api/app/site.h"
#include "db/clock.h"
#include "db/keys.h"
#include "db/migrate.h"
#include "db/uuid.h"
#include "models/platform/platform.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { PASSWORD_ROOM = 1026, MIGRATE_WAIT_MS = 30000 };

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

static enum err superadmin_make(struct database *database, const char *username,
                                const char *password, struct fault *fault, bool *created)
{
    char request_id[UUID_TEXT];
    int64_t now_us = clock_now_us();
    struct scope scope = {.actor_kind = "system",
                          .actor_name = "clinicd",
                          .actor_role = "system",
                          .operation = "user create-superadmin",
                          .request_id = uuid_make(now_us, request_id),
                          .now_us = now_us};
    struct tx tx;
    tx_begin(&tx, database, &scope, TX_MANUAL, fault);
    tx.audit_into = AUDIT_PLATFORM;
    tx.audit_status = 201;
    enum err err = superadmin_create(&tx, username, password, created);
    if (!err)
        err = tx_commit(&tx, NULL);
    tx_end(&tx);
    return err;
}

/* Beside a running service the schema is its business; the embedded server that we started
 * ourselves may be new. */
static enum err schema_prepare(const struct site *site, struct fault *fault)
{
    struct migrate_options options = {
        .lock_wait_ms = MIGRATE_WAIT_MS, .to = -1, .data_loss_ok = -1};
    int applied;
    if (!site->embedded || site->is_joined)
        return ERR_NONE;
    enum err err = site_migrator_url(site, fault, &options.url);
    return err ? err : migrate_up(&options, fault, &applied);
}

static enum err site_work(struct call *call, const struct site *site, const char *username,
                          const char *password, bool *created)
{
    struct fault *fault = &call->fault;
    struct database_options options = {.url = site_app_url(site),
                                       .read_connections = 1,
                                       .write_connections = 1,
                                       .transaction_connections = 1,
                                       .acquire_timeout_ms = 10000,
                                       .statement_timeout_ms = 10000,
                                       .lock_timeout_ms = 5000};
    struct database *database;
    struct keys *keys;
    enum err err = schema_prepare(site, fault);
    if (!err)
        err = keys_load(call->settings.secrets_file, fault, &keys);
    if (err)
        return err;
    keys_use(keys);
    err = database_open(&options, fault, &database);
    if (!err) {
        err = superadmin_make(database, username, password, fault, created);
        database_close(database);
    }
    keys_use(NULL);
    keys_free(keys);
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
    struct site site;
    const char *username = call_option(call, "--username");
    if (!username)
        return call_usage(call, "--username NAME is required");
    if (!password_take(call, password))
        return EXIT_USAGE;
    enum err err = site_open(&call->settings, SITE_VISIT, &call->fault, &site);
    if (!err) {
        err = site_work(call, &site, username, password, &created);
        site_close(&site);
    }
    sodium_memzero(password, sizeof password);
    if (err)
        return call_failed(call);
    answer(call, username, created);
    return EXIT_DONE;
}
