/* A stored password hash may be anything: reading it must neither crash nor lead to much work. What
 * passes asks for no more than the caps and is written by its own parameters. */
#include "models/account/password.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char *stored = malloc(length + 1);
    if (!stored)
        abort();
    memcpy(stored, bytes, length);
    stored[length] = '\0';
    struct password_cost cost;
    if (password_cost_read(stored, &cost)) {
        char head[64];
        int n = snprintf(head, sizeof head, "$argon2id$v=19$m=%u,t=%u,p=1$", cost.memory_kib,
                         cost.passes);
        if (cost.memory_kib > PASSWORD_MEMORY_MOST_KIB || cost.passes > PASSWORD_PASSES_MOST ||
            cost.passes < 1 || strncmp(stored, head, (size_t)n) != 0)
            abort();
    } else if (password_matches(stored, "x")) {
        abort();
    }
    struct password_words words = {.slug = "lakeside-clinic", .username = stored, .phone = stored};
    (void)password_fault(stored, &words);
    free(stored);
    return 0;
}
