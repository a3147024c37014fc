/* A clinic in a file: what POST /clinics takes, as JSON. */
#ifndef API_APP_CLINIC_FILE_H
#define API_APP_CLINIC_FILE_H

#include "api/app/commands.h"

#include <jansson.h>

/* Any JSON file of at most 64 KiB. Before the home is entered: a relative path is the caller's. */
enum err clinic_file_read(struct call *call, const char *path, json_t **out) FAILS;

/* By the schema of that operation, as the API would: every fault at once, each with its member. The
 * body is normalised: what it does not say is as the document says. */
enum err clinic_file_check(struct call *call, const char *operation_id, json_t **body) FAILS;

#endif
