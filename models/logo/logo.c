#include "models/logo/logo.h"

#include "gen/queries.h"

#include <inttypes.h>

enum err logo_find(struct tx *tx, struct file_facts *out, int64_t *version)
{
    struct rows rows;
    enum err err = query_run(tx, &q_logo_find, NULL, &rows);
    if (err)
        return err;
    *version = rows_int(&rows, 0, "version", 0);
    *out = (struct file_facts){
        .id = rows_text(&rows, 0, "id"),
        .name = "logo.png",
        .media_type = "image/png",
        .sha256 = rows_text(&rows, 0, "sha256"),
        .size = (uint64_t)rows_int(&rows, 0, "size_bytes", 0),
    };
    return ERR_NONE;
}

enum err logo_replace(struct tx *tx, const struct file_facts *file, struct rows *out)
{
    const struct q_logo_put_args args = {
        .file_id = file->id,
        .name = file->name,
        .size_bytes = arena_format(tx->fault->arena, "%" PRIu64, file->size),
        .sha256 = file->sha256,
    };
    return query_run(tx, &q_logo_put, &args, out);
}

enum err logo_remove(struct tx *tx)
{
    return query_run(tx, &q_logo_delete, NULL, NULL);
}
