#include "db/import/cut.h"

#include <string.h>

/* As ops.tidy(): blanks around a text do not count. */
#define TIDY "trim(t.\"%s\", ' ' || char(9, 10, 13))"

bool cut_is_allowed(const struct legacy_field *field)
{
    static const char *const names[] = {"patient_id",   "username",      "email",
                                        "phone_number", "mobile_number", "license_number",
                                        "slug",         "zip_code",      "website",
                                        "bed_number",   "room_number",   "registration_number"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(field->column, names[i]) == 0)
            return false;
    }
    return field->most > 0;
}

void cut_column(const struct legacy_field *field, struct buf *columns, struct buf *sum)
{
    const char *name = field->column;
    buf_format(columns,
               "CASE WHEN length(" TIDY ") > %d THEN substr(" TIDY ", 1, %d) ELSE t.\"%s\" END AS "
               "\"%s\"",
               name, field->most, name, field->most, name, name);
    buf_format(sum, " + (coalesce(length(" TIDY "), 0) > %d)", name, field->most);
}
