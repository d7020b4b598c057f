/*
 * file.h - small files, read and written whole.
 */
#ifndef FILE_H
#define FILE_H

#include "buf.h"

#include <stdbool.h>
#include <sys/types.h>

/* Appends the file to out (bounded by out->max). False: errno says why
   (EFBIG past the bound). */
bool file_read(const char *path, struct buf *out)
    __attribute__((warn_unused_result));

/* Writes under another name, fsyncs and renames: readers see the old content
   or the new, never half. False: errno says why, nothing is left behind. */
bool file_replace(const char *path, struct slice content, mode_t mode)
    __attribute__((warn_unused_result));

#endif /* FILE_H */
