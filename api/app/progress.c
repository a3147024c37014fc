#include "api/app/progress.h"

#include "db/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    BAR = 14,
    NAME_COLUMNS = 28,
    BAR_EVERY_US = 100 * 1000,
    LINE_EVERY_US = 10 * 1000 * 1000,
    PERCENT_STEP = 5
};

static bool environment_has(const char *name)
{
    const char *value = getenv(name);
    return value && value[0];
}

enum progress_how progress_how(const struct call *call)
{
    const char *term = getenv("TERM");
    if (call->progress != PROGRESS_AUTO)
        return call->progress;
    bool is_watched = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0 &&
                      !environment_has("NO_COLOR") && !environment_has("CI");
    return is_watched ? PROGRESS_BAR : PROGRESS_LINES;
}

void progress_begin(const struct call *call, struct progress *out)
{
    *out = (struct progress){.how = progress_how(call)};
}

static void name_write(const struct progress_moment *moment, char out[PROGRESS_NAME])
{
    snprintf(out, PROGRESS_NAME, "%s%s%s", moment->verb, moment->what ? " " : "",
             moment->what ? moment->what : "");
}

static int percent_of(const struct progress_moment *moment)
{
    return moment->total > 0 ? (int)(moment->done * 100 / moment->total) : 100;
}

/* Rows a second of this run; -1: nothing is known yet. */
static double rate_of(const struct progress *progress, const struct progress_moment *moment,
                      int64_t now_us)
{
    int64_t rows = moment->done - progress->first, us = now_us - progress->began_us;
    return rows > 0 && us > 0 ? (double)rows * 1e6 / (double)us : -1;
}

/* 610 000 */
static void number_write(struct buf *out, int64_t number)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRId64, number);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            buf_char(out, ' ');
        buf_char(out, digits[i]);
    }
}

static void time_write(struct buf *out, const char *word, int64_t seconds)
{
    buf_format(out, "  %s ", word);
    if (seconds >= 3600)
        buf_format(out, "%" PRId64 ":", seconds / 3600);
    buf_format(out, "%02" PRId64 ":%02" PRId64, seconds / 60 % 60, seconds % 60);
}

static void figures_write(const struct progress *progress, const struct progress_moment *moment,
                          int64_t now_us, struct buf *out)
{
    double rate = rate_of(progress, moment, now_us);
    buf_format(out, "%3d %%  ", percent_of(moment));
    number_write(out, moment->done);
    buf_char(out, '/');
    number_write(out, moment->total);
    if (rate >= 1000)
        buf_format(out, "  %.1f k/s", rate / 1000);
    else if (rate >= 0)
        buf_format(out, "  %.0f /s", rate < 1 ? 1 : rate);
    if (moment->bytes > 0)
        buf_format(out, "  %.1f MB", (double)moment->bytes / 1e6);
    if (moment->rejected >= 0)
        buf_format(out, "  rej %" PRId64, moment->rejected);
    if (moment->done >= moment->total)
        time_write(out, "took", (now_us - progress->began_us) / 1000000);
    else if (rate >= 0)
        time_write(out, "ETA", (int64_t)((double)(moment->total - moment->done) / rate) + 1);
    if (moment->chunk > 0) {
        buf_text(out, "  chunk ");
        number_write(out, moment->chunk);
    }
}

void progress_line(const struct progress *progress, const struct progress_moment *moment,
                   int64_t now_us, int room, struct buf *out)
{
    char name[PROGRESS_NAME];
    int64_t total = moment->total > 0 ? moment->total : 1;
    int64_t done = moment->total > 0 ? moment->done : 1;
    size_t start = out->length;
    name_write(moment, name);
    buf_format(out, "%-*s ", NAME_COLUMNS, name);
    size_t named = out->length;
    buf_char(out, '[');
    for (int i = 0; i < BAR; i++)
        buf_char(out, i < done * BAR / total ? '#' : '-');
    buf_text(out, "] ");
    figures_write(progress, moment, now_us, out);
    /* A line that wraps cannot be written over: the marks go first, then its end. */
    if (room > 0 && out->length - start > (size_t)room) {
        out->length = named;
        figures_write(progress, moment, now_us, out);
    }
    if (room > 0 && out->length - start > (size_t)room)
        out->length = start + (size_t)room;
    out->text[out->length] = '\0';
}

void progress_json(const struct progress *progress, const struct progress_moment *moment,
                   int64_t now_us, struct buf *out)
{
    double rate = rate_of(progress, moment, now_us);
    buf_text(out, "{\"schema\": \"clinicd.progress/1\", \"command\": ");
    buf_json_string(out, moment->verb);
    buf_text(out, ", \"step\": ");
    buf_json_string(out, moment->what);
    buf_format(out, ", \"percent\": %d, \"done\": %" PRId64 ", \"total\": %" PRId64,
               percent_of(moment), moment->done, moment->total);
    if (rate >= 0)
        buf_format(out, ", \"per_second\": %.0f, \"seconds_left\": %.0f", rate,
                   (double)(moment->total - moment->done) / rate);
    else
        buf_text(out, ", \"per_second\": null, \"seconds_left\": null");
    if (moment->rejected >= 0)
        buf_format(out, ", \"rejected\": %" PRId64, moment->rejected);
    if (moment->bytes > 0)
        buf_format(out, ", \"bytes\": %" PRId64, moment->bytes);
    if (moment->chunk > 0)
        buf_format(out, ", \"chunk\": %" PRId64, moment->chunk);
    buf_char(out, '}');
}

/* The first moment of a work is only where it begins, but for the bar, which shows that it did. */
static bool is_due(const struct progress *progress, const struct progress_moment *moment,
                   bool is_new, int64_t now_us)
{
    if (moment->done >= moment->total)
        return !progress->is_whole;
    if (progress->how == PROGRESS_BAR)
        return is_new || now_us - progress->told_us >= BAR_EVERY_US;
    return !is_new && (now_us - progress->told_us >= LINE_EVERY_US ||
                       percent_of(moment) / PERCENT_STEP > progress->told_percent / PERCENT_STEP);
}

static int columns_of_terminal(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : 0;
}

static void moment_write(struct progress *progress, const struct progress_moment *moment,
                         int64_t now_us)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct buf line;
    bool is_bar = progress->how == PROGRESS_BAR;
    buf_begin(&line, &arena, 192);
    if (progress->how == PROGRESS_JSON)
        progress_json(progress, moment, now_us, &line);
    else
        progress_line(progress, moment, now_us, is_bar ? columns_of_terminal() : 0, &line);
    progress->is_open = is_bar && moment->done < moment->total;
    fprintf(stderr, "%s%s%s%s", is_bar ? "\r" : "", line.text, is_bar ? "\033[K" : "",
            progress->is_open ? "" : "\n");
    fflush(stderr);
}

void progress_tell(struct progress *progress, const struct progress_moment *moment)
{
    char name[PROGRESS_NAME];
    int64_t now_us = clock_monotonic_us();
    name_write(moment, name);
    bool is_new = strcmp(progress->name, name) != 0;
    if (is_new) {
        progress_end(progress);
        memcpy(progress->name, name, sizeof name);
        progress->first = moment->done;
        progress->began_us = progress->told_us = now_us;
        progress->told_percent = percent_of(moment);
        progress->is_whole = false;
    }
    if (progress->how == PROGRESS_NONE || !is_due(progress, moment, is_new, now_us))
        return;
    progress->told_us = now_us;
    progress->told_percent = percent_of(moment);
    progress->is_whole = moment->done >= moment->total;
    moment_write(progress, moment, now_us);
}

void progress_end(struct progress *progress)
{
    if (progress->is_open)
        fputc('\n', stderr);
    progress->is_open = false;
}
