/*
 * record_file.h - the records of one table as a file: a JSON array, one record
 * in each line, DIR/SOURCE/TABLE.json.
 *
 * It is written beside the old one and takes its place when it is complete:
 * readers see the old content or the new, never half. Bytes of a name other
 * than letters, digits, '-', '_' and '.' (and a '.' in front) are written as
 * %XX; a very long name is cut and ends with '~' and a part of its SHA-256.
 */
#ifndef RECORD_FILE_H
#define RECORD_FILE_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>

struct record_file; /* opaque: one that is being written */

/* Appends the name of a file or directory for that text. */
void record_file_add_name(struct slice text, struct buf *out);

/* Makes DIR/SOURCE if it is not there; DIR has to be. Links in their places are
   not followed. NULL: errno says why. */
struct record_file *record_file_open(const char *dir, struct slice source,
                                     struct slice table)
    __attribute__((warn_unused_result));

/* data: JSON; line breaks in it are removed. False: errno says why. */
bool record_file_add(struct record_file *file, struct slice data)
    __attribute__((warn_unused_result));

/* Completes it and frees. False: errno says why, the old file has stayed. */
bool record_file_finish(struct record_file *file)
    __attribute__((warn_unused_result));

/* Gives up and frees; NULL is fine. */
void record_file_drop(struct record_file *file);

#endif /* RECORD_FILE_H */
