/* What a line `clinicd import …` says, read and checked. */
#ifndef API_APP_IMPORT_COMMAND_H
#define API_APP_IMPORT_COMMAND_H

#include "api/app/commands.h"
#include "db/import.h"
#include "models/account/password.h"

struct import_command {
    struct import_options options; /* without url, stop and progress */
    struct import_clinic made;     /* options.made, when there is one */
    const char *password;          /* of its administrator, shown once */
    char password_hash[PASSWORD_HASH_TEXT];
    const char *report; /* where it goes, or NULL */
};

/* Before the home is entered: relative paths are the caller's. `out` must stay where it is. */
enum exit_code import_command_read(struct call *call, struct import_command *out);

#endif
