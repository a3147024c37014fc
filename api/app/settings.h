/* The settings: environment variables CLINICD_*, all in one table (settings.c). The table reads,
 * checks, prints and explains them; `clinicd settings` shows it with the values in effect.
 *
 * A variable that is not in the table is an error, as is a value out of its range: a typo must not
 * become a default. Every fault is named at once. An empty value is an absent one. Secrets are read
 * and never printed.
 */
#ifndef API_APP_SETTINGS_H
#define API_APP_SETTINGS_H

#include "api/http/log.h"
#include "api/http/service.h"
#include "db/buf.h"

#include <stdbool.h>

struct settings {
    const char *listen;
    const char *operator_listen; /* "" is none, as for every text */
    const char *public_url;      /* "": http:// and the above */
    const char *data_dir;
    const char *database_url; /* "": the embedded server */
    const char *migrate_url;
    const char *backup_url;
    const char *restore_url;
    const char *secrets_file; /* from the data directory, unless absolute */
    const char *files_dir;    /* from the data directory, unless absolute */
    const char *bucket_url;   /* "": the folder keeps the files */
    const char *bucket_region;
    const char *bucket_access_key;
    const char *bucket_secret_key;
    int bucket_timeout_s;
    int files_least_free_percent;
    const char *scanner; /* "": none */
    int scanner_timeout_s;
    const char *cors_origins;
    const char *trusted_proxies;
    const char *allowed_hosts;
    bool tls_in_front;
    enum log_level log_level;
    int request_deadline_ms;
    int connections_max;
    int connections_per_address;
    int streams_max;
    int streams_per_clinic;
    int idle_timeout_s;
    int body_max;
    int upload_max;
    int logo_max;
    int drain_ms;
    int access_ttl_s;
    int idle_ttl_s;
    int refresh_ttl_s;
    int absolute_ttl_s;
    int patient_idle_ttl_s;
    int patient_absolute_ttl_s;
    int rate_per_address;
    int rate_per_clinic;
    int read_connections;
    int write_connections;
    int transaction_connections;
    int acquire_timeout_ms;
    int statement_timeout_ms;
    int lock_timeout_ms;
};

/* Reads `environment` (as environ: "NAME=value", NULL-terminated), which must outlive `out`.
 * ERR_INPUT with a flaw a variable; its pointer is the variable's name. */
enum err settings_read(const char *const environment[], struct fault *fault,
                       struct settings *out) FAILS;

/* The table with the values in effect, for people and as a JSON array. */
void settings_write_text(struct buf *out, const struct settings *settings);
void settings_write_json(struct buf *out, const struct settings *settings);

/* The store's, also for commands. */
void settings_store(const struct settings *settings, struct store_options *out);

/* Fills everything of the service's options that is a setting; text that is "" becomes NULL. The
 * database's url, the keys' file and the handlers are the caller's. */
void settings_apply(const struct settings *settings, struct service_options *out);

#endif
