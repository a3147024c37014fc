/* JSON lines through Yder: one object a line on standard error, never a patient's data. Bytes that
 * would break a line or a terminal are escaped; a log that cannot be written stops nobody. */
#ifndef API_HTTP_LOG_H
#define API_HTTP_LOG_H

#include "db/buf.h"

enum log_level { LOG_ERROR_, LOG_WARNING_, LOG_INFO_, LOG_DEBUG_ };

void log_start(enum log_level least, int fd); /* fd -1: silent (tests) */
void log_stop(void);

/* {"at": …, "level": …, "message": …, then the fields: a JSON fragment `"a": 1, "b": "x"` or NULL}.
 */
void log_event(enum log_level level, const char *message, const char *fields);
void log_format(enum log_level level, const char *format, ...) PRINTF(2, 3);

#endif
