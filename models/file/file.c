#include "models/file/file.h"

#include "gen/queries.h"

enum err file_find(struct tx *tx, const char *id, struct rows *out)
{
    const struct q_file_find_args args = {.id = id};
    return query_run(tx, &q_file_find, &args, out);
}

enum err file_content(struct tx *tx, const char *id, struct file_facts *out)
{
    struct rows rows;
    const struct q_file_content_args args = {.id = id};
    enum err err = query_run(tx, &q_file_content, &args, &rows);
    if (err)
        return err;
    *out = (struct file_facts){
        .id = rows_text(&rows, 0, "id"),
        .name = rows_text(&rows, 0, "name"),
        .media_type = rows_text(&rows, 0, "media_type"),
        .sha256 = rows_text(&rows, 0, "sha256"),
        .size = (uint64_t)rows_int(&rows, 0, "size_bytes", 0),
    };
    return ERR_NONE;
}

enum err file_delete(struct tx *tx, const char *id)
{
    const struct q_file_delete_args args = {.id = id};
    return query_run(tx, &q_file_delete, &args, NULL);
}
