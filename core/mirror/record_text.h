/*
 * record_text.h - a record as words: what full-text search looks through.
 */
#ifndef RECORD_TEXT_H
#define RECORD_TEXT_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>

#define RECORD_TEXT_BYTES 65536 /* more of a record is not searched */
#define RECORD_QUERY_WORDS 16   /* more of a query are left out */

/*
 * Appends the id and all texts and numbers of the record, escapes decoded, with
 * spaces between them; names of members are not in it. record: text that
 * json_read() has accepted. At most RECORD_TEXT_BYTES, cut between characters.
 */
void record_text_add(struct slice record_id, struct slice record,
                     struct buf *out);

/*
 * Appends what people type as MariaDB's boolean query: all words have to be
 * there; one that ends with '*' stands for all that begin so. Words that are no
 * part of an index are left out: those of less than three characters or more
 * than 84, and the stop words of InnoDB. False, nothing appended: none is left.
 */
bool record_text_query(struct slice words, struct buf *out)
    __attribute__((warn_unused_result));

#endif /* RECORD_TEXT_H */
