#include "models/logo/logo.h"
#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/upload.h"
#include "api/keep.h"

enum err logo_get(struct request *request)
{
    struct file_facts file;
    int64_t version;
    enum err err = logo_find(request_tx(request), &file, &version);
    return err ? err
               : reply_content(request, &(struct content){.id = file.id,
                                                          .name = file.name,
                                                          .media_type = file.media_type,
                                                          .sha256 = file.sha256,
                                                          .version = version,
                                                          .size = file.size,
                                                          .is_inline = true});
}

enum err logo_put(struct request *request)
{
    struct rows rows;
    struct file_facts file;
    enum err err = keep_logo(request, &file);
    if (!err)
        err = keep_settle(request, logo_replace(request_tx(request), &file, &rows));
    return err ? err : reply_row(request, &rows);
}

enum err logo_delete(struct request *request)
{
    enum err err = logo_remove(request_tx(request));
    return err ? err : reply_empty(request);
}
