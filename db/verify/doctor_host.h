/* What the doctor finds out on this machine, as facts (rules.h). For db/verify/ only. */
#ifndef DB_VERIFY_DOCTOR_HOST_H
#define DB_VERIFY_DOCTOR_HOST_H

#include "db/doctor.h"

#include <jansson.h>

/* What the server said that is needed here; 0: it did not. */
struct doctor_needs {
    int server_line;        /* 15 */
    int64_t bytes;          /* that a backup and a rewrite may take */
    int64_t clinics, files; /* is there anything to lose? */
    const char *server_dir; /* where the server keeps its data, when that is this machine */
};

void host_facts(const struct doctor_options *options, const struct doctor_needs *needs,
                struct arena *arena, json_t *facts);

#endif
