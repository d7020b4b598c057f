/*
 * log.c - one event, one line; see log.h for the two formats.
 *
 * A line leaves in one write(2) of at most PIPE_BUF bytes, which pipes and
 * files opened with O_APPEND keep whole however many processes write. What
 * does not fit ends in an ellipsis.
 */
#include "log.h"

#include "alloc.h"
#include "buf.h"
#include "clock.h"
#include "json.h"
#include "utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_BYTES 4000    /* of a line, newline included */
#define MESSAGE_BYTES 2000 /* of the message: leaves room for the fields */
#define FIRST_BYTES 500    /* what nearly every line fits in */
#define ELLIPSIS "\xe2\x80\xa6"
#define BATCH_BYTES 65536 /* gathered before a write that nobody asked for */
#define STALLED_MS 100    /* wait for a reader that does not read, then drop */
#define JSON_FIELD_LEAST 32 /* room worth starting another value in */

_Static_assert(LINE_BYTES <= PIPE_BUF, "a line must be one atomic write");

static struct {
    enum log_format format;
    enum log_level level;
    int fd;
    bool whole; /* a regular file: writes of any length stay whole */
    char *path; /* NULL: stderr */
} target = {LOG_FORMAT_TEXT, LOG_INFO, STDERR_FILENO, false, NULL};

static _Thread_local struct {
    bool open;
    struct buf lines;
} batch;

static const char *const level_names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};

static int
open_file(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY,
                0640);
}

static bool
is_regular(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

bool
log_open(enum log_format format, enum log_level level, const char *path)
{
    int fd = path == NULL ? STDERR_FILENO : open_file(path);

    if (fd < 0)
        return false;
    if (target.fd != STDERR_FILENO)
        (void)close(target.fd);
    free(target.path);
    target.format = format;
    target.level = level;
    target.fd = fd;
    target.whole = is_regular(fd);
    target.path = path == NULL ? NULL : xstrdup(path);
    return true;
}

/* The descriptor keeps its number, so other threads need not know. */
void
log_reopen(void)
{
    int saved = errno, fd;

    if (target.path == NULL)
        return;
    fd = open_file(target.path);
    if (fd < 0 || dup3(fd, target.fd, O_CLOEXEC) < 0)
        log_error("postern.log", LOG_FIELDS(LOG_TEXT("file", target.path)),
                  "Cannot reopen the log file, the old one stays in use: %s",
                  strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    errno = saved;
}

bool
log_enabled(enum log_level level)
{
    return level >= target.level;
}

/* Gives up on a reader that has stalled: a log must not stop the product. */
static void
write_out(const char *at, size_t len)
{
    while (len > 0) {
        ssize_t wrote = write(target.fd, at, len);
        struct pollfd writable = {.fd = target.fd, .events = POLLOUT};

        if (wrote >= 0) {
            at += wrote;
            len -= (size_t)wrote;
        } else if (errno == EAGAIN) {
            if (poll(&writable, 1, STALLED_MS) == 0)
                return;
        } else if (errno != EINTR) {
            return;
        }
    }
}

/* As many whole lines at a time as one atomic write takes. */
static void
flush_batch(void)
{
    const char *at = batch.lines.data;
    size_t left = batch.lines.len;

    while (left > 0) {
        size_t len = left;

        if (!target.whole && len > PIPE_BUF) {
            const char *newline = memrchr(at, '\n', PIPE_BUF);

            len = newline == NULL ? left : (size_t)(newline - at) + 1;
        }
        write_out(at, len);
        at += len;
        left -= len;
    }
    buf_clear(&batch.lines);
}

void
log_batch_begin(void)
{
    if (!batch.open)
        buf_init(&batch.lines, BATCH_BYTES);
    batch.open = true;
}

void
log_batch_end(void)
{
    int saved = errno;

    if (batch.open) {
        flush_batch();
        buf_free(&batch.lines);
        batch.open = false;
    }
    errno = saved;
}

static void
emit(enum log_level level, struct slice line)
{
    if (!batch.open) {
        write_out(line.ptr, line.len);
        return;
    }
    if (line.len > BATCH_BYTES - batch.lines.len)
        flush_batch();
    buf_add_slice(&batch.lines, line);
    if (level >= LOG_ERROR)
        flush_batch(); /* what comes next may be the end of the process */
}

/* Length of the longest start of `text` of at most max bytes that does not end
   inside a UTF-8 sequence. */
static size_t
cut_length(struct slice text, size_t max)
{
    size_t len = text.len < max ? text.len : max;

    while (len > 0 && len < text.len &&
           ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
        len--;
    return len;
}

/*
 * One character of outside text, made harmless for a terminal and a line-wise
 * reader: controls (C1 included) and bytes that are not UTF-8 become escapes.
 * Returns the bytes taken from `at`.
 */
static size_t
add_printable(struct buf *line, const unsigned char *at, size_t left,
              bool quoted)
{
    size_t len = utf8_length(at, left);

    if (len == 1 && (*at < 0x20 || *at == 0x7f)) {
        if (*at == '\n')
            buf_add_text(line, "\\n");
        else if (*at == '\r')
            buf_add_text(line, "\\r");
        else if (*at == '\t')
            buf_add_text(line, "\\t");
        else
            buf_addf(line, "\\x%02x", *at);
    } else if (len == 0) {
        buf_addf(line, "\\x%02x", *at);
        len = 1;
    } else if (len == 2 && at[0] == 0xc2 && at[1] < 0xa0) {
        buf_addf(line, "\\u%04x", at[1]);
    } else {
        if (quoted && (*at == '"' || *at == '\\'))
            buf_add_char(line, '\\');
        buf_add(line, at, len);
    }
    return len;
}

static void
add_text(struct buf *line, struct slice text, bool quoted)
{
    const unsigned char *at = (const unsigned char *)text.ptr;
    size_t left = text.len, taken;

    for (; left > 0 && buf_ok(line); left -= taken, at += taken)
        taken = add_printable(line, at, left, quoted);
}

static bool
needs_quotes(struct slice text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c >= 0x7f)
            return true;
    }
    return text.len == 0;
}

static void
add_text_field(struct buf *line, const struct log_field *field)
{
    bool quoted;

    buf_addf(line, " %s=", field->name);
    if (field->kind == LOG_FIELD_INT) {
        buf_add_i64(line, field->number);
        return;
    }
    quoted = needs_quotes(field->text);
    if (quoted)
        buf_add_char(line, '"');
    add_text(line, field->text, quoted);
    if (quoted)
        buf_add_char(line, '"');
}

static void
build_text(struct buf *line, enum log_level level, const char *logger,
           const struct log_field *fields, struct slice message)
{
    char time[CLOCK_TEXT_MAX];

    clock_format_log(clock_wall_us(), time);
    buf_addf(line, "%s - %s - %s - ", time, logger, level_names[level]);
    add_text(line, message, false);
    for (; fields != NULL && fields->name != NULL && buf_ok(line); fields++)
        add_text_field(line, fields);
    if (!buf_ok(line)) {
        line->overflow = false;
        line->max += strlen(ELLIPSIS);
        buf_add_text(line, ELLIPSIS);
    }
    line->max = LINE_BYTES;
    buf_add_char(line, '\n');
}

/* The value as a JSON string, shortened until it fits. Ends because the caller
   leaves room for at least JSON_FIELD_LEAST bytes. */
static void
add_json_value(struct buf *line, struct slice text)
{
    size_t before = line->len, len = line->max - before;

    if (text.len <= len)
        json_add_string(line, text);
    else
        line->overflow = true;
    while (!buf_ok(line)) {
        len -= len / 8 + 1;
        line->overflow = false;
        line->len = before;
        json_add_string(line, slice_make(text.ptr, cut_length(text, len)));
        if (buf_ok(line)) {
            line->len--;
            buf_add_text(line, ELLIPSIS "\"");
        }
    }
}

static void
build_json(struct buf *line, enum log_level level, const char *logger,
           const struct log_field *fields, struct slice message)
{
    char time[CLOCK_TEXT_MAX];

    clock_format_rfc3339(clock_wall_us(), time);
    buf_addf(line, "{\"time\":\"%s\",\"logger\":", time);
    add_json_value(line, slice_of(logger));
    buf_addf(line, ",\"level\":\"%s\",\"message\":", level_names[level]);
    add_json_value(line, message);
    for (; fields != NULL && fields->name != NULL; fields++) {
        if (line->max - line->len < strlen(fields->name) + JSON_FIELD_LEAST)
            break;
        buf_add_char(line, ',');
        add_json_value(line, slice_of(fields->name));
        buf_add_char(line, ':');
        if (fields->kind == LOG_FIELD_INT)
            buf_add_i64(line, fields->number);
        else
            add_json_value(line, fields->text);
    }
    line->max = LINE_BYTES;
    buf_add_text(line, "}\n");
}

void
log_line(enum log_level level, const char *logger,
         const struct log_field *fields, const char *format, ...)
{
    int saved = errno, wanted;
    char text[MESSAGE_BYTES + sizeof(ELLIPSIS)];
    struct slice message = {text, 0};
    struct buf line;
    va_list args;

    if (!log_enabled(level))
        return;
    va_start(args, format);
    wanted = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    message.len = wanted < 0 ? 0 : (size_t)wanted;
    if (message.len > MESSAGE_BYTES) {
        message.len = cut_length(message, MESSAGE_BYTES);
        memcpy(text + message.len, ELLIPSIS, sizeof(ELLIPSIS));
        message.len += strlen(ELLIPSIS);
    }

    buf_init(&line, LINE_BYTES - strlen(ELLIPSIS) - 1);
    (void)buf_reserve(&line, FIRST_BYTES);
    if (target.format == LOG_FORMAT_JSON)
        build_json(&line, level, logger, fields, message);
    else
        build_text(&line, level, logger, fields, message);
    emit(level, buf_slice(&line));
    buf_free(&line);
    errno = saved;
}
