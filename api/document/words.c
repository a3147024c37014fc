#include "api/document/words.h"

#include "api/document/labels.h"
#include "db/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *replace(struct arena *arena, const char *text, const char *what, int n)
{
    const char *at = strstr(text, what);
    if (!at)
        return text;
    return arena_format(arena, "%.*s%d%s", (int)(at - text), text, n, at + strlen(what));
}

const char *words_count(struct arena *arena, const char *text, int n)
{
    return replace(arena, text, "{n}", n);
}

const char *words_page(struct arena *arena, const char *text, int n, int of)
{
    return replace(arena, replace(arena, text, "{n}", n), "{of}", of);
}

const char *words_day(struct arena *arena, const char *date, enum language language)
{
    int year, month, day;
    if (!date || sscanf(date, "%d-%d-%d", &year, &month, &day) != 3)
        return date;
    return arena_format(arena, "%d %s %d", day, label_month(month, language), year);
}

/* A clock has a name where everybody knows it by that. */
static const char *clock_name(struct arena *arena, const char *timezone, int offset)
{
    if (timezone &&
        (strcmp(timezone, "Asia/Kolkata") == 0 || strcmp(timezone, "Asia/Calcutta") == 0))
        return "IST";
    if (offset == 0)
        return "UTC";
    return arena_format(arena, "UTC%c%02d:%02d", offset < 0 ? '-' : '+', abs(offset) / 60,
                        abs(offset) % 60);
}

const char *words_minute(struct arena *arena, const char *local, int offset, const char *timezone,
                         enum language language)
{
    if (!local || strlen(local) < strlen("2026-11-22T14:05"))
        return local;
    return arena_format(arena, "%s, %.5s %s", words_day(arena, local, language), local + 11,
                        clock_name(arena, timezone, offset));
}

const char *words_join(struct arena *arena, const char *between, const char *const texts[],
                       size_t n)
{
    struct buf out;
    buf_begin(&out, arena, 128);
    for (size_t i = 0; i < n; i++) {
        if (!texts[i] || !*texts[i])
            continue;
        if (out.length)
            buf_text(&out, between);
        buf_text(&out, texts[i]);
    }
    return out.length ? out.text : NULL;
}
