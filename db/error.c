#include "db/error.h"

#include "db/arena.h"

#include <stdarg.h>
#include <string.h>

static enum err tell(struct fault *fault, enum err err, const char *code)
{
    fault->err = err;
    fault->code = code;
    return err;
}

enum err fail(struct fault *fault, enum err err, const char *code, const char *detail, ...)
{
    if (fault->err)
        return fault->err;
    if (detail) {
        va_list args;
        va_start(args, detail);
        fault->detail = arena_vformat(fault->arena, detail, args);
        va_end(args);
    }
    return tell(fault, err, code);
}

enum err fail_quietly(struct fault *fault, enum err err, const char *code, const char *reason, ...)
{
    if (fault->err)
        return fault->err;
    if (reason) {
        va_list args;
        va_start(args, reason);
        fault->reason = arena_vformat(fault->arena, reason, args);
        va_end(args);
    }
    return tell(fault, err, code);
}

void fault_add(struct fault *fault, const char *pointer, const char *code, const char *detail, ...)
{
    size_t n = fault->flaws_n;
    if (n == (fault->flaws_max ? fault->flaws_max : FLAWS_MAX))
        return;
    if ((n & (n - 1)) == 0) { /* the room is always a power of two: full now, so doubled */
        struct flaw *flaws = arena_array(fault->arena, struct flaw, n ? 2 * n : 1);
        if (n)
            memcpy(flaws, fault->flaws, n * sizeof *flaws);
        fault->flaws = flaws;
    }
    struct flaw *flaw = &fault->flaws[fault->flaws_n++];
    flaw->pointer = arena_copy(fault->arena, pointer);
    flaw->code = code;
    flaw->detail = NULL;
    if (detail) {
        va_list args;
        va_start(args, detail);
        flaw->detail = arena_vformat(fault->arena, detail, args);
        va_end(args);
    }
}

void fault_reset(struct fault *fault)
{
    *fault = (struct fault){.arena = fault->arena, .flaws_max = fault->flaws_max};
}
