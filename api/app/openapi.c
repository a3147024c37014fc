/* clinicd openapi: the document, byte for byte as /openapi.json serves it. */
#include "api/app/commands.h"

enum exit_code run_openapi(struct call *call)
{
    buf_add(&call->text, document_bytes, document_bytes_n);
    return EXIT_DONE;
}
