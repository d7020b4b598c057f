/*
 * record_file.c - see record_file.h.
 */
#include "record_file.h"

#include "alloc.h"
#include "encode.h"
#include "json.h"
#include "sign.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_BYTES 160 /* of a name that is not cut, escapes included */
#define DIGEST_BYTES 8
#define PATH_BYTES 4096

struct record_file {
    int dir_fd; /* DIR/SOURCE */
    char *name; /* in it; what is being written has another one */
    char *temporary;
    FILE *out;
    bool any;
};

/* -- names ---------------------------------------------------------------------- */

static bool
is_plain(char c, bool first)
{
    unsigned char u = (unsigned char)c;

    return u < 0x80 &&
           (isalnum(u) || u == '-' || u == '_' || (u == '.' && !first));
}

void
record_file_add_name(struct slice text, struct buf *out)
{
    char hex[2 * DIGEST_BYTES + 1];
    uint8_t digest[32];
    struct buf name = BUF_INIT(4 * text.len);
    size_t i;

    for (i = 0; i < text.len; i++) {
        if (is_plain(text.ptr[i], i == 0))
            buf_add_char(&name, text.ptr[i]);
        else
            buf_addf(&name, "%%%02X", (unsigned char)text.ptr[i]);
    }
    if (name.len <= NAME_BYTES) {
        buf_add_slice(out, buf_slice(&name));
    } else {
        sign_sha256(text, digest);
        encode_hex(digest, DIGEST_BYTES, hex);
        buf_add(out, name.data, NAME_BYTES);
        buf_addf(out, "~%s", hex);
    }
    buf_free(&name);
}

/* DIR/SOURCE */
static char *
make_path(const char *dir, struct slice source)
{
    struct buf path = BUF_INIT(PATH_BYTES);
    char *text = NULL;

    buf_add_text(&path, dir);
    buf_add_char(&path, '/');
    record_file_add_name(source, &path);
    if (buf_ok(&path))
        text = buf_take(&path);
    else
        errno = ENAMETOOLONG;
    buf_free(&path);
    return text;
}

/* <before>TABLE.json<behind> */
static char *
make_name(struct slice table, const char *before, const char *behind)
{
    struct buf name = BUF_INIT(PATH_BYTES);

    buf_add_text(&name, before);
    record_file_add_name(table, &name);
    buf_add_text(&name, ".json");
    buf_add_text(&name, behind);
    return buf_take(&name);
}

/* -- writing -------------------------------------------------------------------- */

/* Only one at a time writes it. Who has just finished has renamed it: then it
   is the complete one that we have opened. */
static bool
lock(int fd, int dir_fd, const char *name)
{
    struct stat ours, there;

    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return false;
    if (fstat(fd, &ours) != 0 ||
        fstatat(dir_fd, name, &there, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    if (ours.st_ino != there.st_ino || ours.st_dev != there.st_dev) {
        errno = EAGAIN;
        return false;
    }
    return ftruncate(fd, 0) == 0;
}

static FILE *
open_locked(int dir_fd, const char *name)
{
    int fd =
        openat(dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    FILE *out = NULL;
    int saved;

    if (fd < 0)
        return NULL;
    if (lock(fd, dir_fd, name))
        out = fdopen(fd, "w");
    if (out == NULL) {
        saved = errno;
        (void)close(fd);
        errno = saved;
    }
    return out;
}

/* A link in its place would lead out of DIR, so it is none of ours. */
static int
open_directory(const char *dir, struct slice source)
{
    char *path = make_path(dir, source);
    int fd = -1;

    if (path != NULL && (mkdir(path, 0755) == 0 || errno == EEXIST))
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    free(path);
    return fd;
}

static void
free_file(struct record_file *file)
{
    int saved = errno;

    (void)close(file->dir_fd);
    free(file->name);
    free(file->temporary);
    free(file);
    errno = saved;
}

struct record_file *
record_file_open(const char *dir, struct slice source, struct slice table)
{
    int dir_fd = open_directory(dir, source);
    struct record_file *file;

    if (dir_fd < 0)
        return NULL;
    file = xcalloc(1, sizeof(*file));
    file->dir_fd = dir_fd;
    file->name = make_name(table, "", "");
    file->temporary = make_name(table, ".", ".new");
    file->out = open_locked(dir_fd, file->temporary);
    if (file->out != NULL && fputs("[", file->out) >= 0)
        return file;
    record_file_drop(file);
    return NULL;
}

static bool
add_line(FILE *out, struct slice data)
{
    return fwrite(data.ptr, 1, data.len, out) == data.len;
}

bool
record_file_add(struct record_file *file, struct slice data)
{
    struct buf line;
    bool good = fputs(file->any ? ",\n" : "\n", file->out) >= 0;

    file->any = true;
    if (!good)
        return false;
    if (memchr(data.ptr, '\n', data.len) == NULL &&
        memchr(data.ptr, '\r', data.len) == NULL)
        return add_line(file->out, data);
    buf_init(&line, data.len);
    json_minify(data, &line);
    good = add_line(file->out, buf_slice(&line));
    buf_free(&line);
    return good;
}

bool
record_file_finish(struct record_file *file)
{
    bool good = fputs(file->any ? "\n]\n" : "]\n", file->out) >= 0;
    int saved;

    /* While it is locked: nobody else may take the name meanwhile. */
    good = fflush(file->out) == 0 && good;
    good = good && renameat(file->dir_fd, file->temporary, file->dir_fd,
                            file->name) == 0;
    if (!good) {
        saved = errno;
        (void)unlinkat(file->dir_fd, file->temporary, 0);
        errno = saved;
    }
    good = fclose(file->out) == 0 && good;
    free_file(file);
    return good;
}

void
record_file_drop(struct record_file *file)
{
    int saved = errno;

    if (file == NULL)
        return;
    if (file->out != NULL) {
        (void)unlinkat(file->dir_fd, file->temporary, 0);
        (void)fclose(file->out);
    }
    errno = saved;
    free_file(file);
}
