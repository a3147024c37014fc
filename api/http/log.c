#include "api/http/log.h"

#include "db/clock.h"

#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <yder.h>

/* A line that fits into a pipe's buffer is written whole or not at all, so lines never mix. */
enum { LINE_MAX_BYTES = 4096, MESSAGE_MAX = 1024 };

/* Begins the text of our own lines, which are JSON already; Ulfius' own messages have none. */
static const char ready_mark = '\x1e';

static const struct {
    unsigned long yder; /* the level itself */
    const char *name;
} levels[] = {
    [LOG_ERROR_] = {Y_LOG_LEVEL_ERROR, "error"},
    [LOG_WARNING_] = {Y_LOG_LEVEL_WARNING, "warning"},
    [LOG_INFO_] = {Y_LOG_LEVEL_INFO, "info"},
    [LOG_DEBUG_] = {Y_LOG_LEVEL_DEBUG, "debug"},
};

enum { LEVELS_N = sizeof levels / sizeof levels[0] };

static void line_compose(struct buf *line, const char *level, const char *message,
                         const char *fields)
{
    char at[CLOCK_TEXT];
    size_t length = strlen(message);
    buf_format(line, "{\"at\": \"%s\", \"level\": \"%s\", \"message\": ",
               clock_text(clock_now_us(), 3, at), level);
    buf_json_string_n(line, message, length < MESSAGE_MAX ? length : MESSAGE_MAX);
    if (fields && line->length + strlen(fields) < LINE_MAX_BYTES - 64)
        buf_format(line, ", %s", fields);
    else if (fields)
        buf_text(line, ", \"fields_dropped\": true");
    buf_text(line, "}\n");
}

/* A reader that does not read must not stop the service: then the line is lost. */
static void line_write(int fd, const char *text, size_t length)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    if (poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT)) {
        ssize_t written = write(fd, text, length);
        (void)written;
    }
}

/* Yder's callback; `user` is the file descriptor itself, so that nothing need be kept. */
static void line_take(void *user, const char *program, const time_t at, const unsigned long level,
                      const char *message)
{
    (void)program, (void)at;
    int fd = (int)(intptr_t)user;
    if (message[0] == ready_mark) {
        line_write(fd, message + 1, strlen(message + 1));
        return;
    }
    const char *name = "info";
    for (size_t i = 0; i < LEVELS_N; i++) {
        if (levels[i].yder == level)
            name = levels[i].name;
    }
    struct arena arena = {0};
    struct buf line;
    buf_begin(&line, &arena, 512);
    line_compose(&line, name, message, NULL);
    line_write(fd, line.text, line.length);
    arena_end(&arena);
}

void log_start(enum log_level least, int fd)
{
    unsigned long mode = fd < 0 ? Y_LOG_MODE_NONE : Y_LOG_MODE_CALLBACK;
    y_set_logs_callback(line_take, (void *)(intptr_t)fd, NULL);
    y_init_logs("clinicd", mode, levels[least].yder, NULL, NULL);
}

void log_stop(void)
{
    y_init_logs("clinicd", Y_LOG_MODE_NONE, Y_LOG_LEVEL_NONE, NULL, NULL);
    y_close_logs();
}

void log_event(enum log_level level, const char *message, const char *fields)
{
    struct arena arena = {0};
    struct buf line;
    buf_begin(&line, &arena, 512);
    buf_char(&line, ready_mark);
    line_compose(&line, levels[level].name, message, fields);
    y_log_message(levels[level].yder, "%s", line.text);
    arena_end(&arena);
}

void log_format(enum log_level level, const char *format, ...)
{
    struct arena arena = {0};
    va_list args;
    va_start(args, format);
    log_event(level, arena_vformat(&arena, format, args), NULL);
    va_end(args);
    arena_end(&arena);
}
