/* Legacy databases of our own making: real SQLite files with the tables of every generation that
 * was ever released, filled with synthetic people and with the oddities that real ones have:
 * children without a clinic, visits that nobody closed, display text in the names of medicines,
 * types outside the list, empty strings for nothing, numbers that stand twice. Beside one may stand
 * its folder of reports: PDFs, PNGs and JPEGs; of a wrecked one, also what is none of them, what is
 * missing, and paths that lead out of it.
 *
 * The same plan makes the same file. No name, number or text in it is anybody's.
 */
#ifndef TESTS_HARNESS_LEGACY_H
#define TESTS_HARNESS_LEGACY_H

#include <stdint.h>

/* Named after what each added to the one before. */
enum legacy_generation {
    LEGACY_DISCARDED = 1, /* another first schema, always empty, given up */
    LEGACY_SINGLE,        /* one clinic, which has no table */
    LEGACY_CLINICS,       /* clinics, and clinic_id where somebody set it */
    LEGACY_ADMISSIONS,    /* master lists in their old form, admissions, treatments */
    LEGACY_VITALS,
    LEGACY_SCHEDULES, /* master lists in their new form, birth dates, weights */
    LEGACY_PHARMACIES,
    LEGACY_QUANTITIES, /* frequency as a number; no row without a clinic from here on */
    LEGACY_TEMPLATES,
    LEGACY_SUGAR,
};

enum legacy_flaw {
    LEGACY_SOUND,
    LEGACY_UNKNOWN_COLUMN, /* somebody added a column to the patients */
    LEGACY_HALF_MIGRATED,  /* the clinics' migration is recorded; treatment logs did not get their
                              column */
    LEGACY_DAMAGED,        /* a page in the middle was overwritten */
    LEGACY_WRECKED,        /* rows that no rule allows: orphans, bad dates, a clinic that is not the
                              parent's, … */
};

struct legacy_plan {
    enum legacy_generation generation;
    enum legacy_flaw flaw;
    int patients; /* everything else follows from their number */
    uint64_t seed;
    const char *media; /* a folder to be made, where the reports' files go; NULL: no reports */
};

/* Makes the file anew; dies when it cannot. */
void legacy_make(const struct legacy_plan *plan, const char *path);

#endif
