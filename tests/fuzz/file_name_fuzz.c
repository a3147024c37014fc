/* Any bytes as a file's name: a label that is clean, stays so when it is cleaned again, and breaks
 * out of no header. */
#include "api/http/file_name.h"
#include "db/store/file_name.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char plain[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.-_%";
    static const char begin[] = "attachment; filename*=UTF-8''";
    struct arena arena = {0};
    const char *name = file_name_clean(&arena, arena_copy_n(&arena, (const char *)data, size));
    size_t length = strlen(name);
    expect(length > 0 && length <= FILE_NAME_MAX && name[0] != '.' && name[0] != ' ');
    expect(!strpbrk(name, "/\\"));
    for (const char *p = name; *p; p++)
        expect(*p < 0 || (*p >= 0x20 && *p != 0x7f));
    json_t *text = json_string(name); /* is it UTF-8? */
    expect(text != NULL);
    json_decref(text);
    expect(strcmp(file_name_clean(&arena, name), name) == 0);
    const char *header = file_name_disposition(&arena, name, false);
    expect(strncmp(header, begin, sizeof begin - 1) == 0);
    expect(!header[sizeof begin - 1 + strspn(header + sizeof begin - 1, plain)]);
    arena_end(&arena);
    return 0;
}
