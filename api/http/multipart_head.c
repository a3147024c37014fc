/* The headers of one part. */
#include "api/http/multipart.h"

#include <string.h>
#include <strings.h>

static const char *after(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncasecmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* One `; name="value"`. The value is written over itself: \" and \\ lose their backslash; before
 * anything else it is a character of the name, as browsers send it. */
static char *read_parameter(char *at, const char **name, const char **value)
{
    at += strspn(at, " \t");
    if (*at++ != ';')
        return NULL;
    at += strspn(at, " \t");
    *name = at;
    at += strcspn(at, "=\"; \t");
    if (*at != '=' || at == *name)
        return NULL;
    *at++ = '\0';
    if (*at++ != '"')
        return NULL;
    char *out = at;
    *value = out;
    for (; *at && *at != '"'; at++) {
        at += *at == '\\' && (at[1] == '"' || at[1] == '\\');
        *out++ = *at;
    }
    if (*at != '"')
        return NULL;
    *out = '\0';
    return at + 1;
}

static const char *read_disposition(char *at, struct multipart_part *out)
{
    static const char wrong[] = "a part's Content-Disposition is form-data; name=\"…\"";
    if (out->name)
        return "a part has two Content-Dispositions";
    while (*at) {
        const char *name = "", *value = "";
        at = read_parameter(at, &name, &value);
        if (!at)
            return wrong;
        bool is_name = strcasecmp(name, "name") == 0;
        bool is_file_name = strcasecmp(name, "filename") == 0;
        if ((is_name && out->name) || (is_file_name && out->file_name))
            return wrong;
        if (is_name)
            out->name = value;
        else if (is_file_name)
            out->file_name = value;
    }
    return out->name && *out->name ? NULL : "a part has no name";
}

static const char *read_type(const char *value, struct multipart_part *out)
{
    if (out->media_type)
        return "a part has two Content-Types";
    out->media_type = value;
    return after(value, "multipart/") || after(value, "message/") ? "a part has parts of its own"
                                                                  : NULL;
}

static bool is_plain(const char *encoding)
{
    return strcasecmp(encoding, "binary") == 0 || strcasecmp(encoding, "8bit") == 0 ||
           strcasecmp(encoding, "7bit") == 0;
}

/* Others are none of ours (RFC 7578 4.8). */
static const char *read_line(char *line, struct multipart_part *out)
{
    char *colon = strchr(line, ':');
    if (!colon || colon == line || strcspn(line, " \t") < (size_t)(colon - line))
        return "a part has a header that is none";
    char *value = colon + 1 + strspn(colon + 1, " \t");
    size_t length = strlen(value);
    while (length && (value[length - 1] == ' ' || value[length - 1] == '\t'))
        value[--length] = '\0';
    *colon = '\0';
    if (strcasecmp(line, "Content-Disposition") == 0) {
        const char *rest = after(value, "form-data");
        return rest ? read_disposition(value + (rest - value), out)
                    : "a part's Content-Disposition is form-data; name=\"…\"";
    }
    if (strcasecmp(line, "Content-Type") == 0)
        return read_type(value, out);
    if (strcasecmp(line, "Content-Transfer-Encoding") == 0 && !is_plain(value))
        return "a part is encoded";
    return NULL;
}

static bool has_controls(const char *line)
{
    for (const char *p = line; *p; p++)
        if ((*p > 0 && *p < 0x20 && *p != '\t') || *p == 0x7f)
            return true;
    return false;
}

const char *multipart_read_head(char *head, struct multipart_part *out)
{
    struct multipart_part part = {0};
    const char *fault = NULL;
    for (char *line = head, *end; !fault && *line; line = end) {
        end = strstr(line, "\r\n");
        if (!end)
            return "a part's headers do not end in CRLF";
        *end = '\0';
        end += 2;
        if (*line && has_controls(line))
            fault = "a part's headers have control characters";
        else if (*line)
            fault = read_line(line, &part);
        else
            break;
    }
    if (!fault && !part.name)
        fault = "a part has no name";
    if (fault)
        return fault;
    if (!part.file_name)
        part.file_name = "";
    *out = part;
    return NULL;
}
