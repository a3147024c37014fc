#include "db/keys.h"
#include "db/migrate/maintain.h"
#include "db/migrate/run.h"

#include <string.h>

enum { TOKEN_BYTES = 32 };

static const char select_order[] = "SELECT is_fenced FROM ops.maintenance";

static const char give_pass[] =
    "UPDATE ops.maintenance SET pass_sha256 = $1, pass_run_id = $2::bigint,"
    "       pass_ends_at = clock_timestamp() + interval '10 minutes', smoke_run_id = NULL";

/* Of two statements the second, for the first says whether the order is still the one that was. */
static const char select_mine[] = "SELECT FROM ops.maintenance WHERE pass_run_id = $1::bigint";
static const char end_pass[] =
    "UPDATE ops.maintenance SET pass_sha256 = NULL, pass_ends_at = NULL, pass_run_id = NULL,"
    "       smoke_run_id = CASE WHEN $2::bool THEN pass_run_id END WHERE pass_run_id = $1::bigint";

/* The run is one of `verify smoke`, whichever command asks for it. */
static struct migrate_options options_of(const struct migrate_options *options)
{
    struct migrate_options mine = *options;
    mine.command = "verify smoke";
    return mine;
}

static enum err order_check(struct migrator *migrator)
{
    PGresult *result = NULL;
    enum err err = migrator_run(migrator, select_order, &result);
    if (!err && PQntuples(result) == 0)
        return fail(migrator->fault, ERR_CONFLICT, "no-order",
                    "the service is away, but not by an order that this database holds");
    if (!err && *PQgetvalue(result, 0, 0) == 't')
        err = fail(migrator->fault, ERR_CONFLICT, "fenced",
                   "behind a fence nobody answers: `maintenance off --http` puts it down first");
    return err;
}

static enum err pass_write(struct migrator *migrator, struct maintain_pass *out)
{
    char digest[DIGEST_TEXT];
    char *token = random_token(migrator->fault->arena, "", TOKEN_BYTES);
    const char *const values[] = {digest_hex(token, strlen(token), digest), migrator->run_id};
    enum err err = maintain_write(migrator, give_pass, 2, values);
    if (!err)
        *out = (struct maintain_pass){.token = token, .run_id = migrator->run_id};
    return err;
}

enum err maintain_pass_give(const struct migrate_options *options, struct fault *fault,
                            struct maintain_pass *out)
{
    const struct migrate_options mine = options_of(options);
    struct migrator migrator CLEANUP(migrator_close) = {.options = &mine, .fault = fault};
    enum err err = maintain_begin(&migrator, "verify smoke");
    if (!err)
        err = order_check(&migrator);
    if (!err)
        err = pass_write(&migrator, out);
    if (err)
        run_end(&migrator, err, NULL);
    return err;
}

static enum err pass_take(struct migrator *migrator, const struct maintain_pass *pass, bool is_good)
{
    const char *const values[] = {pass->run_id, is_good ? "t" : "f"};
    PGresult *result = NULL;
    enum err err = migrator_run_params(migrator, select_mine, 1, values, &result);
    if (!err && PQntuples(result) == 0)
        return fail(migrator->fault, ERR_CONFLICT, "order-changed",
                    "the order was changed meanwhile: nothing is proven");
    return err ? err : maintain_write(migrator, end_pass, 2, values);
}

enum err maintain_pass_end(const struct migrate_options *options, const struct maintain_pass *pass,
                           enum err verdict, const char *result, struct fault *fault)
{
    const struct migrate_options mine = options_of(options);
    struct fault aside = {.arena = fault->arena};
    struct migrator migrator CLEANUP(migrator_close) = {.options = &mine, .fault = &aside};
    enum err err = migrator_open(&migrator);
    if (!err)
        err = pass_take(&migrator, pass, !verdict);
    migrator.run_id = migrator.conn ? pass->run_id : NULL;
    if (!verdict && err) {
        *fault = aside;
        verdict = err;
    }
    struct fault story = *fault; /* how it ended */
    migrator.fault = &story;
    run_end(&migrator, verdict, result);
    return verdict;
}
