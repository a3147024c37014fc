/* A clinic's logo: one picture, which everybody may see.
 *
 * Every function speaks for the clinic of its tx. Text is borrowed; rows live as long as the tx's
 * fault owner. A logo's version is its own; while there is none, the clinic's stands for it.
 */
#ifndef MODELS_LOGO_LOGO_H
#define MODELS_LOGO_LOGO_H

#include "models/file/file.h"

/* What is needed to show it. */
enum err logo_find(struct tx *tx, struct file_facts *out, int64_t *version) FAILS;

/* The file's bytes, painted by us, are kept already. ERR_CONFLICT with precondition-failed or
 * quota-exceeded. */
enum err logo_replace(struct tx *tx, const struct file_facts *file, struct rows *out) FAILS;

/* ERR_CONFLICT with precondition-failed. */
enum err logo_remove(struct tx *tx) FAILS;

#endif
