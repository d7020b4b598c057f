/*
 * config_print.c - the table of options as a configuration file.
 */
#include "config_impl.h"

#include <ctype.h>

#define WIDTH 78 /* columns of a comment line */

/* A paragraph as comment lines, broken between words. */
static void
add_comment(struct buf *out, const char *text)
{
    size_t column = 0;

    while (*text != '\0') {
        size_t len = strcspn(text, " ");

        if (column > 0 && column + 1 + len > WIDTH) {
            buf_add_char(out, '\n');
            column = 0;
        }
        if (column == 0)
            buf_add_char(out, '#');
        buf_add_char(out, ' ');
        buf_add(out, text, len);
        column += (column == 0 ? 2 : 1) + len;
        text += len;
        text += strspn(text, " ");
    }
    buf_add_char(out, '\n');
}

static void
say_type(const struct config_option *option, struct buf *out)
{
    long long min = option->min, max = option->max;
    const char *p;

    switch (option->type) {
    case CONFIG_SECRET:
        buf_add_text(out, "Secret.");
        break;
    case CONFIG_PATH:
        buf_add_text(out, "Path; a relative one counts from this file.");
        break;
    case CONFIG_INT:
        buf_addf(out, "%lld to %lld", min, max);
        if (option->unit != NULL && *option->unit != '\0')
            buf_addf(out, " %s", option->unit);
        buf_add_char(out, '.');
        break;
    case CONFIG_BYTES:
        buf_addf(out, "%lld to %lld bytes; k, M, G may follow the number.", min,
                 max);
        break;
    case CONFIG_BOOL:
        buf_add_text(out, "yes or no.");
        break;
    case CONFIG_ENUM:
        buf_add_text(out, "One of: ");
        for (p = option->choices; *p != '\0'; p++) {
            if (*p == '|')
                buf_add_text(out, ", ");
            else
                buf_add_char(out, *p);
        }
        buf_add_char(out, '.');
        break;
    case CONFIG_REAL:
        buf_addf(out, "A number from %lld to %lld.", min, max);
        break;
    default:
        buf_add_text(out, "Text.");
        break;
    }
}

static void
add_option(const struct config_option *option, struct buf *out)
{
    struct buf facts = BUF_INIT(1024);
    const char *p;

    add_comment(out, option->help);
    say_type(option, &facts);
    buf_add_text(&facts, " Environment: POSTERN_");
    for (p = option->name; *p != '\0'; p++)
        buf_add_char(&facts, (char)toupper((unsigned char)*p));
    if (option->alias != NULL)
        buf_addf(&facts, " or %s", option->alias);
    buf_add_char(&facts, '.');
    if (option->reloadable)
        buf_add_text(&facts, " A reload is enough.");
    add_comment(out, buf_slice(&facts).ptr);
    buf_addf(out, "#%s =%s%s\n\n", option->name,
             *option->fallback == '\0' ? "" : " ", option->fallback);
    buf_free(&facts);
}

void
config_print_template(const struct config_option *table, size_t count,
                      struct buf *out)
{
    const char *section = NULL;
    size_t i;

    add_comment(out, "Every option with its default. Take the # away in front "
                     "of a name to change it.");
    add_comment(out, "A comment needs a line of its own; a value in double "
                     "quotes keeps white space, ';' and '#'. Files named "
                     "conf.d/NAME.conf beside this one are read after it, then "
                     ".env, then the environment; what comes later wins.");
    buf_add_char(out, '\n');
    for (i = 0; i < count; i++) {
        if (section == NULL || strcmp(section, table[i].section) != 0) {
            section = table[i].section;
            buf_addf(out, "[%s]\n\n", section);
        }
        add_option(&table[i], out);
    }
}
