/*
 * output.c - what a command says: data on stdout, everything else on stderr.
 */
#include "output.h"

#include "alloc.h"
#include "clock.h"
#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool quiet_notes;

void
table_init(struct table *table, const char *const *headings)
{
    memset(table, 0, sizeof(*table));
    while (headings[table->columns] != NULL &&
           table->columns < OUTPUT_COLUMNS) {
        table->heading[table->columns] = headings[table->columns];
        table->columns++;
    }
}

void
table_row(struct table *table)
{
    size_t i, first = table->rows * table->columns;

    table->cells =
        xreallocarray(table->cells, first + table->columns, sizeof(char *));
    for (i = 0; i < table->columns; i++)
        table->cells[first + i] = NULL;
    table->rows++;
}

void
table_cell(struct table *table, const char *text)
{
    size_t at = (table->rows - 1) * table->columns;
    char *cell = xstrdup(text == NULL ? "-" : text), *c;

    for (c = cell; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    while (table->cells[at] != NULL)
        at++;
    table->cells[at] = cell;
}

void
table_cell_u64(struct table *table, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    table_cell(table, text);
}

void
table_cell_time(struct table *table, int64_t wall_us)
{
    char text[CLOCK_TEXT_MAX];

    if (wall_us == 0) {
        table_cell(table, "-");
        return;
    }
    clock_format_rfc3339_ms(wall_us, text);
    table_cell(table, text);
}

static const char *
cell_text(const struct table *table, size_t row, size_t column)
{
    const char *text = table->cells[row * table->columns + column];

    return text == NULL ? "" : text;
}

static void
print_cells(const struct table *table, const size_t *width, size_t row,
            bool heading)
{
    size_t i;

    for (i = 0; i < table->columns; i++) {
        const char *text =
            heading ? table->heading[i] : cell_text(table, row, i);

        if (i + 1 == table->columns)
            printf("%s\n", text);
        else
            printf("%-*s  ", (int)width[i], text);
    }
}

void
table_print(struct table *table, const char *empty)
{
    size_t width[OUTPUT_COLUMNS] = {0};
    size_t row, i;

    if (table->rows == 0) {
        output_note("%s", empty);
        return;
    }
    for (i = 0; i < table->columns; i++) {
        width[i] = strlen(table->heading[i]);
        for (row = 0; row < table->rows; row++)
            if (strlen(cell_text(table, row, i)) > width[i])
                width[i] = strlen(cell_text(table, row, i));
    }
    print_cells(table, width, 0, true);
    for (row = 0; row < table->rows; row++)
        print_cells(table, width, row, false);
    for (i = 0; i < table->rows * table->columns; i++)
        free(table->cells[i]);
    free(table->cells);
    memset(table, 0, sizeof(*table));
}

void
output_line(struct slice line)
{
    fwrite(line.ptr, 1, line.len, stdout);
    putchar('\n');
}

void
output_quiet(bool quiet)
{
    quiet_notes = quiet;
}

void
output_note(const char *format, ...)
{
    va_list args;

    if (quiet_notes)
        return;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

int
output_error(int code, const char *format, ...)
{
    va_list args;

    fputs("postern: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return code;
}

int
output_problems(const struct problems *problems)
{
    struct buf where = BUF_INIT(4096);
    size_t i;

    for (i = 0; i < problems->count; i++) {
        buf_clear(&where);
        problem_add_where(&problems->list[i], &where);
        (void)output_error(EXIT_DATA, "%s: %s", buf_slice(&where).ptr,
                           problems->list[i].msg);
    }
    buf_free(&where);
    return EXIT_DATA;
}
