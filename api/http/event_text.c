#include "api/http/event_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool event_id_read(const char *text, int64_t *out)
{
    size_t length = strlen(text);
    bool is_number = length && strspn(text, "0123456789") == length;
    bool has_leading_zero = length > 1 && text[0] == '0';
    if (!is_number || has_leading_zero)
        return false;
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (errno)
        return false;
    *out = value;
    return true;
}

void event_write(struct buf *out, int64_t id, const char *name, const char *data, size_t length)
{
    buf_text(out, "id: ");
    buf_int(out, id);
    buf_text(out, "\nevent: ");
    buf_text(out, name);
    buf_text(out, "\ndata: ");
    buf_add(out, data, length);
    buf_text(out, "\n\n");
}

void event_write_retry(struct buf *out, unsigned ms)
{
    buf_format(out, "retry: %u\n\n", ms);
}

void event_write_remark(struct buf *out, const char *remark)
{
    buf_format(out, ":%s%s\n\n", *remark ? " " : "", remark);
}
