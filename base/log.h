/*
 * log.h - one event, one line, on stderr (journald, the web server's error
 * log) or in a file.
 *
 * text:  2026-01-01 15:00:00 - webhook_handlers - INFO - message key=value
 * json:  {"time":"...","logger":"webhook_handlers","level":"INFO",
 *         "message":"...","key":"value"}
 *
 * The severity says who has to act: DEBUG nobody, INFO nobody (normal work),
 * WARNING the operator some day, ERROR the operator soon. Values from outside
 * go through LOG_TEXT/LOG_SLICE fields and are escaped. errno is preserved.
 * Never log secrets; never log payloads at INFO or above.
 */
#ifndef LOG_H
#define LOG_H

#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log_field {
    const char *name; /* NULL ends a list */
    enum { LOG_FIELD_TEXT, LOG_FIELD_INT } kind;
    struct slice text;
    int64_t number;
};

#define LOG_TEXT(n, v)                                                         \
    ((struct log_field){                                                       \
        .name = (n), .kind = LOG_FIELD_TEXT, .text = slice_of(v)})
#define LOG_SLICE(n, v)                                                        \
    ((struct log_field){.name = (n), .kind = LOG_FIELD_TEXT, .text = (v)})
#define LOG_INT(n, v)                                                          \
    ((struct log_field){                                                       \
        .name = (n), .kind = LOG_FIELD_INT, .number = (int64_t)(v)})
#define LOG_END ((struct log_field){.name = NULL})

/* Before the first line: format, the lowest level written, and a file to
   append to (NULL: stderr). False: the file cannot be opened, errno says why. */
bool log_open(enum log_format format, enum log_level level, const char *path)
    __attribute__((warn_unused_result));
void log_reopen(void); /* after logrotate has moved the file */
bool log_enabled(enum log_level level);

/* logger: which part speaks, e.g. "webhook_handlers", "postern.worker". */
void log_line(enum log_level level, const char *logger,
              const struct log_field *fields, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define log_info(logger, fields, ...)                                          \
    log_line(LOG_INFO, (logger), (fields), __VA_ARGS__)
#define log_warning(logger, fields, ...)                                       \
    log_line(LOG_WARNING, (logger), (fields), __VA_ARGS__)
#define log_error(logger, fields, ...)                                         \
    log_line(LOG_ERROR, (logger), (fields), __VA_ARGS__)
#define log_debug(logger, fields, ...)                                         \
    log_line(LOG_DEBUG, (logger), (fields), __VA_ARGS__)
#define LOG_FIELDS(...) ((const struct log_field[]){__VA_ARGS__, LOG_END})

/* Between the two, this thread's lines are gathered and written with as few
   write(2) calls as possible; each line still reaches the file whole. */
void log_batch_begin(void);
void log_batch_end(void);

#endif /* LOG_H */
