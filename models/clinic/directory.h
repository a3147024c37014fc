/* The directory of clinics, in memory: slug -> clinic. Every request to /clinics/{slug}/… asks it
 * first, so it never asks the database; it is filled at start and kept true by news (db/listen.h).
 *
 * Entries are immutable and live until the directory ends (a changed clinic gets a new entry), so a
 * pointer stays good for the length of a request and longer.
 */
#ifndef MODELS_CLINIC_DIRECTORY_H
#define MODELS_CLINIC_DIRECTORY_H

#include "db/tx.h"

enum clinic_state {
    CLINIC_IMPORTING, /* does not exist for anybody: 404 */
    CLINIC_ACTIVE,    /* active or trial */
    CLINIC_EXPIRED,   /* reads go on, writes 403 subscription-inactive */
    CLINIC_CLOSED,    /* suspended or inactive: 401 clinic-inactive */
};

struct clinic_entry {
    int64_t clinic_id;
    enum clinic_state state;
    const char *slug;
    const char *now_called; /* the slug of a clinic that this slug once had; else NULL */
    const char *name;
    const char *timezone;
    const char *country_code; /* of phone numbers without one: "91" */
    int idle_ttl_s;           /* the clinic's own idle timeout; 0: the service's */
};

struct directory;

enum err directory_load(struct database *database, struct fault *fault,
                        struct directory **out) FAILS;
void directory_free(struct directory *directory);

/* What else such a slug led to before its clinic moved in: the slug of today, or NULL. A clinic
 * that is still moving in is nobody's to find. */
const char *directory_moved(struct directory *directory, const char *slug);

/* NULL: no such clinic. */
const struct clinic_entry *directory_find(struct directory *directory, const char *slug);

/* By its number, for the few who come without a slug: looks through all. */
const struct clinic_entry *directory_find_id(struct directory *directory, int64_t clinic_id);

/* Reads one clinic again (after news or after this process changed it). */
enum err directory_refresh(struct directory *directory, int64_t clinic_id,
                           struct fault *fault) FAILS;
enum err directory_refresh_all(struct directory *directory, struct fault *fault) FAILS;

#endif
