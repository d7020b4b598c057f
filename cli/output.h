/*
 * output.h - what a command says: data on stdout, everything else on stderr.
 *
 * With --json data is one object, or one object per line for a list (stable;
 * members may be added). Without it, aligned columns for people.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "buf.h"
#include "problem.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTPUT_COLUMNS 12

/* Columns that are as wide as their widest cell. */
struct table {
    const char *heading[OUTPUT_COLUMNS];
    size_t columns;
    char **cells; /* rows * columns; owned */
    size_t rows;
};

/* headings end with NULL. */
void table_init(struct table *table, const char *const *headings);
/* Starts a row; its cells are then added from left to right. Control
   characters are shown as '?'. */
void table_row(struct table *table);
void table_cell(struct table *table, const char *text);
void table_cell_u64(struct table *table, uint64_t value);
/* To the millisecond, so that all are of one length; 0: - */
void table_cell_time(struct table *table, int64_t wall_us);
/* Prints heading and rows, or `empty` when there are none; frees. */
void table_print(struct table *table, const char *empty);

/* One line of data; frees nothing. */
void output_line(struct slice line);

/* For people, on stderr; silenced by --quiet. */
void output_quiet(bool quiet);
void output_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "postern: what, why, what to do", on stderr. Returns `code`, so that a
   command can end with it. */
int output_error(int code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What is wrong with input, a line for each problem. Returns EXIT_DATA. */
int output_problems(const struct problems *problems);

#endif /* OUTPUT_H */
