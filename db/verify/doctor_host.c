#include "db/verify/doctor_host.h"

#include "db/backup/survey.h"
#include "db/key_file.h"
#include "db/owner.h"

#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { MIB = 1024 * 1024, PRIVATE = S_IRWXG | S_IRWXO };

struct host {
    const struct doctor_options *options;
    const struct doctor_needs *needs;
    struct arena *arena;
    json_t *facts;
};

static void fact(const struct host *host, const char *id, json_t *value, const char *shown)
{
    json_object_set_new(host->facts, id, value);
    if (shown)
        json_object_set_new(host->facts, arena_format(host->arena, "%s.shown", id),
                            json_string(shown));
}

static void data_disk_look(const struct host *host)
{
    struct statvfs disk;
    if (statvfs(host->options->data_dir, &disk) != 0)
        return; /* not there yet: the first start makes it */
    int64_t room = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
    fact(host, "disk.data", json_integer(room - host->needs->bytes),
         arena_format(host->arena, "%" PRId64 " MiB free of %" PRId64 " MiB that may be needed",
                      room / MIB, host->needs->bytes / MIB + 1));
}

static void server_disk_look(const struct host *host)
{
    struct statvfs disk;
    if (!host->needs->server_dir || statvfs(host->needs->server_dir, &disk) != 0 ||
        disk.f_blocks == 0)
        return; /* another machine's, or not for our eyes */
    double percent = (double)disk.f_bavail * 100 / (double)disk.f_blocks;
    fact(host, "server.disk", json_real(percent),
         arena_format(host->arena, "%.0f %% free, %" PRId64 " MiB", percent,
                      (int64_t)disk.f_bavail * (int64_t)disk.f_frsize / MIB));
}

static void tool_look(const struct host *host, const char *id, const char *name)
{
    struct fault aside = {.arena = host->arena};
    const char *path = "", *version = "";
    if (host->needs->server_line == 0)
        return;
    bool is_there = !tool_find(name, host->needs->server_line, &aside, &path, &version);
    const char *digits = strpbrk(version, "0123456789");
    fact(host, id, json_string(is_there ? "" : "not there"),
         is_there && digits ? arena_copy_n(host->arena, digits, strcspn(digits, " \n")) : NULL);
}

/* A key file is made by the first start; after that nothing else can take its place. */
static const char *key_trouble(const struct host *host, const struct stat *home)
{
    struct stat about;
    const char *path = host->options->keys;
    if (lstat(path, &about) != 0)
        return errno != ENOENT            ? arena_format(host->arena, "%s", strerror(errno))
               : host->needs->clinics > 0 ? arena_format(host->arena, "%s is not there", path)
                                          : "";
    if (!S_ISREG(about.st_mode))
        return arena_format(host->arena, "%s is no file", path);
    if (about.st_mode & PRIVATE)
        return arena_format(host->arena, "others may read it: its mode is %04o",
                            (unsigned)about.st_mode & 07777);
    if (about.st_uid != home->st_uid)
        return "it belongs to another user than the data directory";
    struct key_file file;
    struct fault aside = {.arena = host->arena};
    bool is_good = !key_file_read(path, &aside, &file);
    key_file_wipe(&file);
    return is_good ? "" : aside.detail ? aside.detail : "it holds no keys";
}

static const char *store_trouble(const struct host *host, const char **shown)
{
    struct fault aside = {.arena = host->arena};
    struct store *store = NULL;
    const struct store_options *options = host->options->store;
    bool is_bucket = options->bucket_url && options->bucket_url[0] != '\0';
    *shown =
        is_bucket ? "the bucket keeps, gives back and removes" : "the folder keeps and removes";
    if (access(options->folder, F_OK) != 0) {
        *shown = "the first start makes it";
        return host->needs->files > 0
                   ? arena_format(host->arena, "%s is not there", options->folder)
                   : "";
    }
    enum err err = store_open(options, &aside, &store);
    if (!err)
        err = store_probe(store, &aside);
    store_close(store);
    return !err ? "" : aside.reason ? aside.reason : aside.detail ? aside.detail : "it fails";
}

/* As the service finds it: root would find everything readable, and make what only root can use. */
static void home_look(const struct host *host)
{
    struct stat home;
    struct owner owner;
    const char *shown = NULL;
    if (stat(host->options->data_dir, &home) != 0 || !owner_become(host->options->data_dir, &owner))
        return; /* another machine's business, as when only the database is looked at */
    const char *store = host->options->store ? store_trouble(host, &shown) : NULL;
    const char *keys = host->options->keys ? key_trouble(host, &home) : NULL;
    owner_leave(&owner);
    if (store)
        fact(host, "files.store", json_string(store), *store ? store : shown);
    if (keys)
        fact(host, "key.file", json_string(keys), *keys ? keys : "its owner's alone");
}

void host_facts(const struct doctor_options *options, const struct doctor_needs *needs,
                struct arena *arena, json_t *facts)
{
    const struct host host = {options, needs, arena, facts};
    int line = PQlibVersion() / 10000;
    data_disk_look(&host);
    server_disk_look(&host);
    home_look(&host);
    fact(&host, "program.libpq", json_integer(PQlibVersion()),
         arena_format(arena, "%d.%d", line, PQlibVersion() % 10000));
    tool_look(&host, "program.pg_dump", "pg_dump");
    tool_look(&host, "program.pg_restore", "pg_restore");
    if (options->document)
        fact(&host, "program.document", json_string(options->document),
             *options->document ? NULL : "every operation has its route");
}
