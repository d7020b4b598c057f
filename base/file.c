/*
 * file.c - small files, read and written whole; see file.h.
 */
#include "file.h"

#include "alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES 16384

static void
close_keeping_errno(int fd)
{
    int saved = errno;

    (void)close(fd);
    errno = saved;
}

static ssize_t
read_retrying(int fd, void *to, size_t len)
{
    ssize_t got;

    do {
        got = read(fd, to, len);
    } while (got < 0 && errno == EINTR);
    return got;
}

/* At the bound one more byte is asked for: is there really more? */
static bool
read_all(int fd, struct buf *out)
{
    for (;;) {
        size_t room = out->max - out->len;
        size_t len = room < CHUNK_BYTES ? room : CHUNK_BYTES;
        char extra = '\0', *to = room == 0 ? &extra : buf_reserve(out, len);
        ssize_t got = read_retrying(fd, to, room == 0 ? 1 : len);

        if (got < 0)
            return false;
        if (got == 0)
            return true;
        if (room == 0) {
            errno = EFBIG;
            return false;
        }
        buf_advance(out, (size_t)got);
    }
}

bool
file_read(const char *path, struct buf *out)
{
    size_t before = out->len;
    bool good;
    int fd;

    if (!buf_ok(out)) {
        errno = EFBIG;
        return false;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return false;
    good = read_all(fd, out);
    if (!good && out->data != NULL) {
        out->len = before;
        out->data[before] = '\0';
    }
    close_keeping_errno(fd);
    return good;
}

static bool
write_all(int fd, struct slice content)
{
    while (content.len > 0) {
        ssize_t wrote = write(fd, content.ptr, content.len);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return false;
        content.ptr += wrote;
        content.len -= (size_t)wrote;
    }
    return true;
}

/* The new name is only safe once the directory that holds it is. */
static bool
sync_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory;
    bool good;
    int fd;

    if (slash == NULL)
        directory = xstrdup(".");
    else if (slash == path)
        directory = xstrdup("/");
    else
        directory = xstrndup(path, (size_t)(slash - path));
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(directory);
    if (fd < 0)
        return false;
    /* EINVAL: a file system that has nothing to sync there. */
    good = fsync(fd) == 0 || errno == EINVAL;
    close_keeping_errno(fd);
    return good;
}

bool
file_replace(const char *path, struct slice content, mode_t mode)
{
    struct buf name = BUF_INIT(strlen(path) + 16);
    bool good = false;
    int fd, saved;

    buf_addf(&name, "%s.XXXXXX", path);
    fd = mkostemp(name.data, O_CLOEXEC);
    if (fd < 0)
        goto out;
    good = fchmod(fd, mode) == 0 && write_all(fd, content) && fsync(fd) == 0;
    if (close(fd) != 0)
        good = false;
    good = good && rename(name.data, path) == 0;
    if (!good) {
        saved = errno;
        (void)unlink(name.data);
        errno = saved;
        goto out;
    }
    good = sync_directory_of(path);

out:
    saved = errno;
    buf_free(&name);
    errno = saved;
    return good;
}
