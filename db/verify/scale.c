/* The ladder: what one machine holds, and what comes after it. Planning figures. */
#include "db/verify/rules.h"

#include <inttypes.h>

#define GIB INT64_C(1073741824)

static const struct rung {
    const char *name;
    int64_t clinics, patients, bytes; /* that it holds; 0: there is no end to it */
} rungs[] = {
    {"rung 0, one node", 1000, 10 * 1000 * 1000, 250 * GIB},
    {"rung 1, a primary with standbys", 10 * 1000, 100 * 1000 * 1000, 2560 * GIB},
    {"rung 2, cells of rung 1", 0, 0, 0},
};

static double share_of(const struct rung *rung, int64_t clinics, int64_t patients, int64_t bytes)
{
    double most = (double)clinics / (double)rung->clinics;
    double other = (double)patients / (double)rung->patients;
    double last = (double)bytes / (double)rung->bytes;
    most = other > most ? other : most;
    return last > most ? last : most;
}

void scale_facts(int64_t clinics, int64_t patients, int64_t bytes, int standbys,
                 struct arena *arena, json_t *facts)
{
    size_t i = 0, last = sizeof rungs / sizeof rungs[0] - 1;
    while (i < last && share_of(&rungs[i], clinics, patients, bytes) > 1)
        i++;
    /* The last rung is many machines: what is on one has outgrown it. */
    double share = i < last ? share_of(&rungs[i], clinics, patients, bytes) : 2;
    const char *size = arena_format(arena, "%" PRId64 " clinics, %" PRId64 " patients, %.2f GiB",
                                    clinics, patients, (double)bytes / (double)GIB);
    const char *shown = i < last ? arena_format(arena,
                                                "%s: %s; %.0f %% of its %" PRId64
                                                " clinics, %" PRId64 " patients, %" PRId64 " GiB",
                                                rungs[i].name, size, share * 100, rungs[i].clinics,
                                                rungs[i].patients, rungs[i].bytes / GIB)
                                 : arena_format(arena, "%s: %s", rungs[i].name, size);
    json_object_set_new(facts, "scale.rung", json_real(share));
    json_object_set_new(facts, "scale.rung.shown", json_string(shown));
    json_object_set_new(facts, "scale.standby", json_integer(i > 0 && standbys < 1 ? 1 : 0));
    json_object_set_new(facts, "scale.standby.shown",
                        json_string(arena_format(arena, "%d standbys", standbys)));
}
