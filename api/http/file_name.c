#include "api/http/file_name.h"

#include "db/buf.h"

#include <string.h>

const char *file_name_disposition(struct arena *arena, const char *name, bool is_inline)
{
    static const char plain[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.-_";
    struct buf out;
    buf_begin(&out, arena, 128);
    buf_format(&out, "%s; filename*=UTF-8''", is_inline ? "inline" : "attachment");
    for (const char *p = name; *p; p++) {
        if (strchr(plain, *p))
            buf_char(&out, *p);
        else
            buf_format(&out, "%%%02X", (unsigned char)*p);
    }
    return out.text;
}
