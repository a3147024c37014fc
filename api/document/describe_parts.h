/* What every paper is made of, and what only one kind has. For describe*.c. */
#ifndef API_DOCUMENT_DESCRIBE_PARTS_H
#define API_DOCUMENT_DESCRIBE_PARTS_H

#include "api/document/description.h"
#include "api/document/facts.h"
#include "api/document/labels.h"
#include "api/document/words.h"

enum { BLOCKS_MAX = 12, FIELDS_MAX = 16 };

/* The work on one description. */
struct draft {
    struct arena *arena;
    const struct paper_setting *setting;
    enum language language;
    const json_t *printed, *facts;
    struct description *out;
    struct block blocks[BLOCKS_MAX];
};

/* Fields of a block that is being filled. */
struct fields {
    struct field all[FIELDS_MAX];
    size_t n;
};

static inline const char *say(const struct draft *draft, enum label name)
{
    return label(name, draft->language);
}

static inline const char *say_value(const struct draft *draft, const char *schema,
                                    const char *value)
{
    return label_value(draft->setting->document, schema, value, draft->language);
}

/* A field with nothing to say is left out. */
void fields_add(struct fields *fields, const char *label, const char *value, const char *note,
                int span);

/* Adds a block; the fields are copied. */
struct block *draft_block(struct draft *draft, enum block_kind kind, const char *heading);
void draft_fields(struct draft *draft, enum block_kind kind, const char *heading,
                  const struct fields *fields);

void draft_patient(struct draft *draft);
void draft_allergies(struct draft *draft);

/* describe_prescription.c, describe_summary.c */
void draft_prescription(struct draft *draft);
void draft_summary(struct draft *draft);

#endif
