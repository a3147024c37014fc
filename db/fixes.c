#include "db/fixes.h"

#include <stddef.h>

static const struct {
    int line, minor;
} fixes[] = {
    {15, 20},
    {16, 16},
    {17, 12},
    {18, 6},
};

int fixes_least_minor(int server_version_num)
{
    for (size_t i = 0; i < sizeof fixes / sizeof fixes[0]; i++) {
        if (fixes[i].line == server_version_num / 10000)
            return fixes[i].minor;
    }
    return -1;
}
