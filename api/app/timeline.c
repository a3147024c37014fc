#include "api/app/timeline.h"

/* "12.3 s", or a dash where nobody knows. */
static void seconds_write(struct buf *out, double seconds, const char *dash)
{
    if (seconds < 0)
        buf_text(out, dash);
    else
        buf_format(out, "%8.1f s", seconds);
}

static double total_of(const struct timeline_row rows[TIMELINE_ROWS])
{
    double total = 0;
    for (int i = 0; i < TIMELINE_ROWS; i++)
        total += rows[i].estimated > 0 ? rows[i].estimated : 0;
    return total;
}

void timeline_text(struct buf *out, const struct timeline_row rows[TIMELINE_ROWS])
{
    buf_format(out, "%-20s %10s %10s %10s\n", "step", "estimated", "rehearsed", "real");
    for (int i = 0; i < TIMELINE_ROWS; i++) {
        const double columns[] = {rows[i].estimated, rows[i].rehearsed, rows[i].real};
        buf_format(out, "%-20s", rows[i].step);
        for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
            buf_char(out, ' ');
            seconds_write(out, columns[c], "         -");
        }
        buf_format(out, "  %s\n", rows[i].note);
    }
    buf_format(out, "%-20s %8.1f s\n", "total", total_of(rows));
}

void timeline_markdown(struct buf *out, const struct timeline_row rows[TIMELINE_ROWS])
{
    buf_text(out, "| Step | Estimated | Rehearsed | Real | Notes |\n|---|---|---|---|---|\n");
    for (int i = 0; i < TIMELINE_ROWS; i++) {
        const double columns[] = {rows[i].estimated, rows[i].rehearsed, rows[i].real};
        buf_format(out, "| %s |", rows[i].step);
        for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
            buf_char(out, ' ');
            seconds_write(out, columns[c], "-");
            buf_text(out, " |");
        }
        buf_format(out, " %s |\n", rows[i].note);
    }
    buf_format(out, "| **Total** | %.1f s | | | |\n", total_of(rows));
}

static void member_write(struct buf *out, const char *name, double seconds)
{
    if (seconds < 0)
        buf_format(out, ", \"%s\": null", name);
    else
        buf_format(out, ", \"%s\": %.3f", name, seconds);
}

void timeline_json(struct buf *out, const struct timeline_row rows[TIMELINE_ROWS])
{
    buf_char(out, '[');
    for (int i = 0; i < TIMELINE_ROWS; i++) {
        buf_text(out, i ? ", {\"step\": " : "{\"step\": ");
        buf_json_string(out, rows[i].step);
        member_write(out, "estimated", rows[i].estimated);
        member_write(out, "rehearsed", rows[i].rehearsed);
        member_write(out, "real", rows[i].real);
        buf_text(out, ", \"note\": ");
        buf_json_string(out, rows[i].note);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}
