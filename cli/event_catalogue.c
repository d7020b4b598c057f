/*
 * event_catalogue.c - `postern event-type markdown`: the registered event types
 * as a page for those who receive them.
 */
#include "commands.h"

#include "alloc.h"
#include "member.h"
#include "output.h"
#include "store_event_type.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_MAX ((size_t)64 << 20)
#define TITLE "Event catalogue"

struct names {
    char **list; /* in the order of the catalogue */
    char **categories;
    size_t count;
};

static void
keep_name(void *arg, const struct event_type_row *row)
{
    struct names *names = arg;
    size_t bytes = (names->count + 1) * sizeof(names->list[0]);

    names->list = xrealloc(names->list, bytes);
    names->categories = xrealloc(names->categories, bytes);
    names->list[names->count] = xstrdup(row->name);
    names->categories[names->count] = xstrdup(row->category);
    names->count++;
}

static void
free_names(struct names *names)
{
    size_t i;

    for (i = 0; i < names->count; i++) {
        free(names->list[i]);
        free(names->categories[i]);
    }
    free(names->list);
    free(names->categories);
}

/* Text of a user in a page: in one line, and no markup. */
static void
add_text(struct buf *page, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("\\`*_[]<>#|", *text) != NULL)
            buf_add_char(page, '\\');
        buf_add_char(page, (unsigned char)*text < 0x20 ? ' ' : *text);
    }
}

static void
add_json(struct buf *page, struct slice json)
{
    buf_add_text(page, "\n```json\n");
    buf_add_slice(page, json);
    buf_add_text(page, "\n```\n");
}

static void
add_type(struct buf *page, const struct event_type_row *row)
{
    buf_addf(page, "\n### `%s`\n", row->name);
    if (row->description[0] != '\0') {
        buf_add_char(page, '\n');
        add_text(page, row->description);
        buf_add_text(page, ".\n");
    }
    if (row->example.ptr != NULL)
        add_json(page, row->example);
    if (row->schema.ptr == NULL)
        return;
    buf_add_text(page, row->validate
                           ? "\nData that does not satisfy this schema is "
                             "refused:\n"
                           : "\nWhat the data should be, as a schema:\n");
    add_json(page, row->schema);
}

/* Was there a type of this category before? */
static bool
is_begun(const struct names *names, size_t index)
{
    size_t i;

    for (i = 0; i < index; i++)
        if (strcmp(names->categories[i], names->categories[index]) == 0)
            return true;
    return false;
}

static enum db_result
add_category(struct db *db, const struct names *names, size_t first,
             struct buf *page)
{
    struct event_type_row row;
    enum db_result result;
    size_t i;

    buf_add_text(page, "\n## ");
    add_text(page, names->categories[first]);
    buf_add_char(page, '\n');
    for (i = first; i < names->count; i++) {
        if (strcmp(names->categories[i], names->categories[first]) != 0)
            continue;
        result = store_event_type_get(db, slice_of(names->list[i]), &row);
        if (result == DB_NONE)
            continue; /* removed just now */
        if (result != DB_OK)
            return result;
        add_type(page, &row);
        event_type_row_free(&row);
    }
    return DB_OK;
}

static void
print_page(const struct cli *cli, struct slice page)
{
    struct buf line = BUF_INIT(7 * PAGE_MAX);

    if (cli->json) {
        buf_add_char(&line, '{');
        member_slice(&line, "markdown", page);
        buf_add_char(&line, '}');
        output_line(buf_slice(&line));
    } else {
        fwrite(page.ptr, 1, page.len, stdout);
    }
    buf_free(&line);
}

static int
run_markdown(struct cli *cli)
{
    const char *title = args_value(&cli->args, "--title");
    struct buf page = BUF_INIT(PAGE_MAX);
    struct names names = {.count = 0};
    enum db_result result;
    size_t i;
    int code = cli_finish_args(cli);

    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    buf_add_text(&page, "# ");
    add_text(&page, title == NULL ? TITLE : title);
    buf_add_text(&page, "\n\nThe registered event types, each with an example "
                        "of its data. This page is made by\n`postern "
                        "event-type markdown`.\n");
    result = store_event_type_each(cli->db, false, keep_name, &names);
    for (i = 0; i < names.count && result == DB_OK; i++)
        if (!is_begun(&names, i))
            result = add_category(cli->db, &names, i, &page);
    if (result != DB_OK)
        code = cli_db_error(cli, result, "read the event types");
    else if (!buf_ok(&page))
        code = output_error(EXIT_DATA, "the page would be too long");
    else
        print_page(cli, buf_slice(&page));
    free_names(&names);
    buf_free(&page);
    return code;
}

const struct command event_catalogue_commands[] = {
    {"event-type", "markdown", "[--title TEXT]",
     "print a page of all of them, with their examples", run_markdown},
    {NULL, NULL, NULL, NULL, NULL},
};
