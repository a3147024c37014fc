/* legacy GENERATION PATIENTS SEED FILE [unknown-column|half-migrated|damaged|wrecked] [MEDIA_DIR]
 * Makes a synthetic legacy database (tests/harness/legacy.h), and its folder of reports: for guides
 * and benchmarks. */
#include "tests/harness/legacy.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    static const char *const flaws[] = {"sound", "unknown-column", "half-migrated", "damaged",
                                        "wrecked"};
    struct legacy_plan plan = {.flaw = LEGACY_SOUND};
    if (argc < 5 || atoi(argv[1]) < LEGACY_DISCARDED || atoi(argv[1]) > LEGACY_SUGAR) {
        fprintf(stderr, "usage: legacy GENERATION(1-10) PATIENTS SEED FILE [FLAW] [MEDIA_DIR]\n");
        return 2;
    }
    plan.generation = (enum legacy_generation)atoi(argv[1]);
    plan.patients = atoi(argv[2]);
    plan.seed = strtoull(argv[3], NULL, 10);
    for (int at = 5; at < argc; at++) {
        bool is_flaw = false;
        for (int i = 0; i < (int)(sizeof flaws / sizeof flaws[0]); i++) {
            if (strcmp(argv[at], flaws[i]) != 0)
                continue;
            plan.flaw = (enum legacy_flaw)i;
            is_flaw = true;
        }
        if (!is_flaw)
            plan.media = argv[at];
    }
    legacy_make(&plan, argv[4]);
    return 0;
}
