#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/upload.h"
#include "models/file/file.h"

enum err files_get(struct request *request)
{
    struct rows rows;
    enum err err = file_find(request_tx(request), request_path(request, "id"), &rows);
    return err ? err : reply_row(request, &rows);
}

enum err files_content(struct request *request)
{
    struct file_facts file;
    enum err err = file_content(request_tx(request), request_path(request, "id"), &file);
    return err ? err
               : reply_content(request, &(struct content){.id = file.id,
                                                          .name = file.name,
                                                          .media_type = file.media_type,
                                                          .sha256 = file.sha256,
                                                          .size = file.size});
}

enum err files_delete(struct request *request)
{
    enum err err = file_delete(request_tx(request), request_path(request, "id"));
    return err ? err : reply_empty(request);
}
