#include "api/app/settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, ADDRESS, ORIGIN, SWITCH, NUMBER, LEVEL };

struct setting {
    const char *name;
    enum kind kind;
    const char *fallback;
    size_t offset; /* of its member in struct settings */
    long least, most;
    bool is_secret;
    const char *help;
};

/* To add a setting: a member of struct settings and a row here; a row in settings_apply() when the
 * service must know it. NUMBERs say their unit in their name. */
#define AT(member) offsetof(struct settings, member)
#define DAY 86400

static const struct setting settings_table[] = {
    {"CLINICD_LISTEN", ADDRESS, "127.0.0.1:8080", AT(listen), 0, 0, false,
     "address and port of the API; port 0 takes any"},
    {"CLINICD_OPERATOR_LISTEN", ADDRESS, "127.0.0.1:8081", AT(operator_listen), 0, 0, false,
     "address and port of /metrics and readiness details; keep it on loopback"},
    {"CLINICD_PUBLIC_URL", ORIGIN, "", AT(public_url), 0, 0, false,
     "where people reach us, for links that are sent and printed; empty: http:// and the listening "
     "address"},
    {"CLINICD_DATA_DIR", TEXT, "./var", AT(data_dir), 0, 0, false,
     "where the embedded database and the key file live"},
    {"CLINICD_DATABASE_URL", TEXT, "", AT(database_url), 0, 0, true,
     "libpq connection string of the role clinicd_app; empty: the embedded server"},
    {"CLINICD_MIGRATE_URL", TEXT, "", AT(migrate_url), 0, 0, true,
     "the same for the role clinicd_migrator; needed to migrate a server of your own"},
    {"CLINICD_BACKUP_URL", TEXT, "", AT(backup_url), 0, 0, true,
     "the same for the role clinicd_backup; needed to back up a server of your own"},
    {"CLINICD_RESTORE_URL", TEXT, "", AT(restore_url), 0, 0, true,
     "the same for a superuser, at any other database; needed to restore into your own server"},
    {"CLINICD_SECRETS_FILE", TEXT, "secrets", AT(secrets_file), 0, 0, false,
     "the key file, made when absent; a relative path starts in the data directory"},
    {"CLINICD_FILES_DIR", TEXT, "files", AT(files_dir), 0, 0, false,
     "folder of uploaded files; a relative path starts in the data directory"},
    {"CLINICD_FILES_LEAST_FREE_PERCENT", NUMBER, "5", AT(files_least_free_percent), 0, 90, false,
     "uploads are refused while less of that folder's file system is free; 0: never"},
    {"CLINICD_SCANNER", TEXT, "", AT(scanner), 0, 0, false,
     "unix:/path or tcp:address:port of clamd, or command:/path; files wait until it says clean"},
    {"CLINICD_SCANNER_TIMEOUT_S", NUMBER, "60", AT(scanner_timeout_s), 1, 3600, false,
     "longest wait for its word on one file"},
    {"CLINICD_BUCKET_URL", TEXT, "", AT(bucket_url), 0, 0, false,
     "https://host/bucket[/prefix] of an S3 server that keeps the files instead of the folder"},
    {"CLINICD_BUCKET_REGION", TEXT, "us-east-1", AT(bucket_region), 0, 0, false,
     "the bucket's region"},
    {"CLINICD_BUCKET_ACCESS_KEY", TEXT, "", AT(bucket_access_key), 0, 0, true,
     "name of the bucket's key"},
    {"CLINICD_BUCKET_SECRET_KEY", TEXT, "", AT(bucket_secret_key), 0, 0, true,
     "the bucket's secret key"},
    {"CLINICD_BUCKET_TIMEOUT_S", NUMBER, "30", AT(bucket_timeout_s), 1, 600, false,
     "a request to the bucket that does not get on for so long is given up"},
    {"CLINICD_CORS_ORIGINS", TEXT, "", AT(cors_origins), 0, 0, false,
     "comma list of origins whose pages may call the API"},
    {"CLINICD_TRUSTED_PROXIES", TEXT, "", AT(trusted_proxies), 0, 0, false,
     "comma list of proxy addresses whose X-Forwarded-For is believed"},
    {"CLINICD_ALLOWED_HOSTS", TEXT, "", AT(allowed_hosts), 0, 0, false,
     "comma list of host names that are answered; empty: any"},
    {"CLINICD_TLS_IN_FRONT", SWITCH, "false", AT(tls_in_front), 0, 0, false,
     "true when a proxy speaks TLS for us: sends Strict-Transport-Security"},
    {"CLINICD_LOG_LEVEL", LEVEL, "info", AT(log_level), 0, 0, false,
     "least level that is logged: error, warning, info or debug"},
    {"CLINICD_REQUEST_DEADLINE_MS", NUMBER, "10000", AT(request_deadline_ms), 100, 60000, false,
     "a request that takes longer is answered 504"},
    {"CLINICD_CONNECTIONS_MAX", NUMBER, "1024", AT(connections_max), 1, 65536, false,
     "client connections at once"},
    {"CLINICD_CONNECTIONS_PER_ADDRESS", NUMBER, "256", AT(connections_per_address), 1, 65536, false,
     "client connections at once from one address"},
    {"CLINICD_STREAMS_MAX", NUMBER, "1024", AT(streams_max), 1, 65536, false,
     "listeners to events at once, beside those connections"},
    {"CLINICD_STREAMS_PER_CLINIC", NUMBER, "512", AT(streams_per_clinic), 1, 65536, false,
     "listeners to events of one clinic at once"},
    {"CLINICD_IDLE_TIMEOUT_S", NUMBER, "15", AT(idle_timeout_s), 1, 3600, false,
     "a silent connection is closed"},
    {"CLINICD_BODY_MAX", NUMBER, "262144", AT(body_max), 1024, 16777216, false,
     "bytes of a request body"},
    {"CLINICD_UPLOAD_MAX", NUMBER, "20971520", AT(upload_max), 1024, 1073741824, false,
     "bytes that a file may have"},
    {"CLINICD_LOGO_MAX", NUMBER, "2097152", AT(logo_max), 1024, 16777216, false,
     "bytes that a clinic's logo may have"},
    {"CLINICD_DRAIN_MS", NUMBER, "25000", AT(drain_ms), 0, 60000, false,
     "how long a stop waits for requests in flight"},
    {"CLINICD_ACCESS_TTL_S", NUMBER, "3600", AT(access_ttl_s), 60, DAY, false,
     "life of an access token"},
    {"CLINICD_IDLE_TTL_S", NUMBER, "900", AT(idle_ttl_s), 60, DAY, false,
     "a staff session without requests ends"},
    {"CLINICD_REFRESH_TTL_S", NUMBER, "604800", AT(refresh_ttl_s), 60, 365L * DAY, false,
     "life of a refresh token, never past its session's end"},
    {"CLINICD_ABSOLUTE_TTL_S", NUMBER, "43200", AT(absolute_ttl_s), 60, 30L * DAY, false,
     "a staff session ends, used or not"},
    {"CLINICD_PATIENT_IDLE_TTL_S", NUMBER, "1800", AT(patient_idle_ttl_s), 60, DAY, false,
     "a patient's session without requests ends"},
    {"CLINICD_PATIENT_ABSOLUTE_TTL_S", NUMBER, "86400", AT(patient_absolute_ttl_s), 60, 30L * DAY,
     false, "a patient's session ends, used or not"},
    {"CLINICD_RATE_PER_ADDRESS", NUMBER, "60000", AT(rate_per_address), 0, 100000000, false,
     "requests a minute from one address; 0: no limit"},
    {"CLINICD_RATE_PER_CLINIC", NUMBER, "2000", AT(rate_per_clinic), 0, 1000000, false,
     "requests a second of one clinic; 0: no limit"},
    {"CLINICD_READ_CONNECTIONS", NUMBER, "2", AT(read_connections), 1, 64, false,
     "database connections that carry reads"},
    {"CLINICD_WRITE_CONNECTIONS", NUMBER, "8", AT(write_connections), 1, 64, false,
     "database connections that carry writes"},
    {"CLINICD_TRANSACTION_CONNECTIONS", NUMBER, "8", AT(transaction_connections), 1, 64, false,
     "database connections for transactions of several statements"},
    {"CLINICD_ACQUIRE_TIMEOUT_MS", NUMBER, "2000", AT(acquire_timeout_ms), 10, 60000, false,
     "longest wait for one of those"},
    {"CLINICD_STATEMENT_TIMEOUT_MS", NUMBER, "5000", AT(statement_timeout_ms), 10, 60000, false,
     "longest run of one statement"},
    {"CLINICD_LOCK_TIMEOUT_MS", NUMBER, "2000", AT(lock_timeout_ms), 10, 60000, false,
     "longest wait of a statement for a lock"},
};

enum { SETTINGS_N = sizeof settings_table / sizeof settings_table[0] };

static const char *const level_names[] = {[LOG_ERROR_] = "error",
                                          [LOG_WARNING_] = "warning",
                                          [LOG_INFO_] = "info",
                                          [LOG_DEBUG_] = "debug"};

enum { LEVELS_N = sizeof level_names / sizeof level_names[0] };

/* Edits that make one name of the other; names are short, the work is bounded by the row's room. */
static size_t name_distance(const char *a, const char *b)
{
    enum { ROOM = 64 };
    size_t row[ROOM];
    size_t wide = strlen(b);
    if (wide >= ROOM)
        return ROOM;
    for (size_t j = 0; j <= wide; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t corner = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < wide; j++) {
            size_t change = corner + (a[i] != b[j]);
            size_t gap = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            corner = row[j + 1];
            row[j + 1] = change < gap ? change : gap;
        }
    }
    return row[wide];
}

static const char *nearest_name(const char *name)
{
    const struct setting *best = &settings_table[0];
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < SETTINGS_N; i++) {
        size_t distance = name_distance(name, settings_table[i].name);
        if (distance < least) {
            least = distance;
            best = &settings_table[i];
        }
    }
    return best->name;
}

static bool number_parse(const char *text, long least, long most, long *out)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    bool is_digits = text[strspn(text, "0123456789")] == '\0' && end != text;
    if (!is_digits || errno != 0 || value < least || value > most)
        return false;
    *out = value;
    return true;
}

static bool address_is_valid(const char *text)
{
    const char *colon = strrchr(text, ':');
    long port;
    if (!colon || colon == text || !number_parse(colon + 1, 0, 65535, &port))
        return false;
    size_t host = (size_t)(colon - text);
    bool is_bracketed = text[0] == '[' && text[host - 1] == ']';
    return is_bracketed || memchr(text, ':', host) == NULL;
}

/* Scheme, host and perhaps a port, and nothing behind them: paths are put right after it. */
static bool origin_is_valid(const char *text)
{
    static const char host_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789.-[:]";
    const char *host = strstr(text, "://");
    size_t scheme = host ? (size_t)(host - text) : 0;
    bool is_web = host && (strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0);
    if (!is_web || scheme > strlen("https"))
        return false;
    host += strlen("://");
    bool has_port = strrchr(host, ':') > strrchr(host, ']');
    return *host && *host != ':' && host[strspn(host, host_characters)] == '\0' &&
           (!has_port || address_is_valid(host)) && (strpbrk(host, "[]") == NULL) == (*host != '[');
}

static bool switch_parse(const char *text, bool *out)
{
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = i % 2 == 1;
            return true;
        }
    }
    return false;
}

static bool level_parse(const char *text, enum log_level *out)
{
    for (size_t i = 0; i < LEVELS_N; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

/* The value that does not fit is not repeated for a secret: settings faults are printed. */
static void refuse(struct fault *fault, const struct setting *row, const char *value,
                   const char *wanted)
{
    fault_add(fault, row->name, "bad-value", "%s is not %s", row->is_secret ? "***" : value,
              wanted);
}

static void setting_take(const struct setting *row, const char *value, struct fault *fault,
                         struct settings *out)
{
    char *member = (char *)out + row->offset;
    long number = 0;
    switch (row->kind) {
    case TEXT:
        *(const char **)(void *)member = value;
        return;
    case ADDRESS:
        if (value[0] != '\0' && !address_is_valid(value))
            refuse(fault, row, value, "an address and port, as 127.0.0.1:8080 or [::1]:8080");
        *(const char **)(void *)member = value;
        return;
    case ORIGIN:
        if (value[0] != '\0' && !origin_is_valid(value))
            refuse(fault, row, value,
                   "an address as https://clinic.example, without anything behind the host and "
                   "port");
        *(const char **)(void *)member = value;
        return;
    case SWITCH:
        if (!switch_parse(value, (bool *)(void *)member))
            refuse(fault, row, value, "true or false");
        return;
    case LEVEL:
        if (!level_parse(value, (enum log_level *)(void *)member))
            refuse(fault, row, value, "error, warning, info or debug");
        return;
    case NUMBER:
        if (!number_parse(value, row->least, row->most, &number))
            fault_add(fault, row->name, "bad-value", "%s is not a whole number from %ld to %ld",
                      value, row->least, row->most);
        *(int *)(void *)member = (int)number;
        return;
    }
}

static const char *value_in(const char *const environment[], const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; environment[i]; i++) {
        if (strncmp(environment[i], name, length) == 0 && environment[i][length] == '=')
            return environment[i] + length + 1;
    }
    return NULL;
}

static void refuse_unknown(const char *const environment[], struct fault *fault)
{
    for (size_t i = 0; environment[i]; i++) {
        if (strncmp(environment[i], "CLINICD_", strlen("CLINICD_")) != 0)
            continue;
        size_t length = strcspn(environment[i], "=");
        const char *name = arena_copy_n(fault->arena, environment[i], length);
        bool is_known = false;
        for (size_t j = 0; j < SETTINGS_N && !is_known; j++)
            is_known = strcmp(name, settings_table[j].name) == 0;
        if (!is_known)
            fault_add(fault, name, "unknown-setting", "there is no such setting; did you mean %s?",
                      nearest_name(name));
    }
}

enum err settings_read(const char *const environment[], struct fault *fault, struct settings *out)
{
    struct settings settings = {0};
    size_t flaws_before = fault->flaws_n;
    refuse_unknown(environment, fault);
    for (size_t i = 0; i < SETTINGS_N; i++) {
        const struct setting *row = &settings_table[i];
        const char *value = value_in(environment, row->name);
        bool is_absent = value == NULL || (value[0] == '\0' && row->kind != ADDRESS);
        setting_take(row, is_absent ? row->fallback : value, fault, &settings);
    }
    if (settings.listen[0] == '\0')
        fault_add(fault, "CLINICD_LISTEN", "bad-value", "must not be empty");
    if (fault->flaws_n > flaws_before)
        return fail(fault, ERR_INPUT, "bad-settings", "The settings have faults.");
    *out = settings;
    return ERR_NONE;
}

/* Secrets print as ***, but whether there is one may be known. */
static const char *setting_shown(const struct setting *row, const struct settings *settings,
                                 struct arena *arena)
{
    const char *member = (const char *)settings + row->offset;
    const char *text = NULL;
    switch (row->kind) {
    case TEXT:
    case ADDRESS:
    case ORIGIN:
        text = *(const char *const *)(const void *)member;
        return row->is_secret && text[0] != '\0' ? "***" : text;
    case SWITCH:
        return *(const bool *)(const void *)member ? "true" : "false";
    case LEVEL:
        return level_names[*(const enum log_level *)(const void *)member];
    case NUMBER:
        return arena_format(arena, "%d", *(const int *)(const void *)member);
    }
    return text;
}

void settings_write_text(struct buf *out, const struct settings *settings)
{
    for (size_t i = 0; i < SETTINGS_N; i++) {
        const struct setting *row = &settings_table[i];
        const char *shown = setting_shown(row, settings, out->arena);
        buf_format(out, "%s=%s\n    %s", row->name, shown, row->help);
        if (strcmp(shown, row->fallback) != 0)
            buf_format(out, " (default: %s)", row->fallback[0] ? row->fallback : "empty");
        buf_char(out, '\n');
    }
}

void settings_write_json(struct buf *out, const struct settings *settings)
{
    buf_char(out, '[');
    for (size_t i = 0; i < SETTINGS_N; i++) {
        const struct setting *row = &settings_table[i];
        buf_text(out, i ? ", {\"name\": " : "{\"name\": ");
        buf_json_string(out, row->name);
        buf_text(out, ", \"value\": ");
        buf_json_string(out, setting_shown(row, settings, out->arena));
        buf_text(out, ", \"default\": ");
        buf_json_string(out, row->fallback);
        buf_format(out, ", \"secret\": %s, \"help\": ", row->is_secret ? "true" : "false");
        buf_json_string(out, row->help);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static const char *text_or_null(const char *text)
{
    return text[0] ? text : NULL;
}

void settings_store(const struct settings *settings, struct store_options *out)
{
    *out = (struct store_options){.folder = settings->files_dir,
                                  .least_free_percent = settings->files_least_free_percent,
                                  .bucket_url = text_or_null(settings->bucket_url),
                                  .region = settings->bucket_region,
                                  .access_key = settings->bucket_access_key,
                                  .secret_key = settings->bucket_secret_key,
                                  .timeout_s = settings->bucket_timeout_s};
}

void settings_apply(const struct settings *settings, struct service_options *out)
{
    out->listen = settings->listen;
    out->operator_listen = text_or_null(settings->operator_listen);
    out->public_url = text_or_null(settings->public_url);
    out->cors_origins = text_or_null(settings->cors_origins);
    out->trusted_proxies = text_or_null(settings->trusted_proxies);
    out->allowed_hosts = text_or_null(settings->allowed_hosts);
    settings_store(settings, &out->store);
    out->scanner = text_or_null(settings->scanner);
    out->scanner_timeout_s = settings->scanner_timeout_s;
    out->tls_in_front = settings->tls_in_front;
    out->request_deadline_ms = settings->request_deadline_ms;
    out->connections_max = settings->connections_max;
    out->connections_per_address = settings->connections_per_address;
    out->streams_max = settings->streams_max;
    out->streams_per_clinic = settings->streams_per_clinic;
    out->idle_timeout_s = settings->idle_timeout_s;
    out->body_max = (size_t)settings->body_max;
    out->upload_max = (size_t)settings->upload_max;
    out->logo_max = (size_t)settings->logo_max;
    out->drain_ms = settings->drain_ms;
    out->access_ttl_s = settings->access_ttl_s;
    out->idle_ttl_s = settings->idle_ttl_s;
    out->refresh_ttl_s = settings->refresh_ttl_s;
    out->absolute_ttl_s = settings->absolute_ttl_s;
    out->patient_idle_ttl_s = settings->patient_idle_ttl_s;
    out->patient_absolute_ttl_s = settings->patient_absolute_ttl_s;
    out->rate_per_address = settings->rate_per_address;
    out->rate_per_clinic = settings->rate_per_clinic;
    out->database.read_connections = settings->read_connections;
    out->database.write_connections = settings->write_connections;
    out->database.transaction_connections = settings->transaction_connections;
    out->database.acquire_timeout_ms = settings->acquire_timeout_ms;
    out->database.statement_timeout_ms = settings->statement_timeout_ms;
    out->database.lock_timeout_ms = settings->lock_timeout_ms;
}
