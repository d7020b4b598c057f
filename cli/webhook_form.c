/*
 * webhook_form.c - a subscription as the options of a command line describe it.
 */
#include "webhook_form.h"

#include "json.h"
#include "member.h"
#include "output.h"

#include <string.h>

/* --name VALUE as a member of the JSON that the API would get. */
struct option {
    const char *option;
    const char *member;
    enum { AS_TEXT, AS_NUMBER, AS_OBJECT, AS_LIST } as;
};

static const struct option options[] = {
    {"--events", "events", AS_LIST},
    {"--description", "description", AS_TEXT},
    {"--secret", "secret", AS_TEXT},
    {"--retry-count", "retry_count", AS_NUMBER},
    {"--retry-delay", "retry_delay", AS_NUMBER},
    {"--timeout", "timeout", AS_NUMBER},
    {"--max-concurrency", "max_concurrency", AS_NUMBER},
    {"--rate-limit", "rate_limit", AS_NUMBER},
    {"--ordering", "ordering", AS_TEXT},
    {"--on-exhausted", "on_exhausted", AS_TEXT},
    {"--format", "format", AS_TEXT},
    {"--channels", "channels", AS_LIST},
    {"--metadata", "metadata", AS_OBJECT},
};

static void
add_list(struct buf *body, const char *list)
{
    struct slice rest = slice_of(list);

    buf_add_char(body, '[');
    while (rest.len > 0) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        size_t len = comma == NULL ? rest.len : (size_t)(comma - rest.ptr);

        member_next(body);
        json_add_string(body, slice_trim(slice_make(rest.ptr, len)));
        len += comma == NULL ? 0 : 1;
        rest = slice_make(rest.ptr + len, rest.len - len);
    }
    buf_add_char(body, ']');
}

/* "Name: value", as curl takes it. */
static int
add_headers(struct cli *cli, struct buf *body)
{
    const char *header, *colon;
    bool any = false;

    while ((header = args_value(&cli->args, "--header")) != NULL) {
        struct buf name = BUF_INIT(256);

        colon = strchr(header, ':');
        if (colon == NULL || colon == header || colon - header > 200)
            return output_error(
                EXIT_USE, "--header takes 'Name: value', not '%s'", header);
        if (!any) {
            member_name(body, "headers");
            buf_add_char(body, '{');
        }
        any = true;
        buf_add(&name, header, (size_t)(colon - header));
        member_slice(body, name.data, slice_trim(slice_of(colon + 1)));
        buf_free(&name);
    }
    if (any)
        buf_add_char(body, '}');
    return EXIT_OK;
}

/* A value that is one JSON number or object, and nothing beside it. */
static int
add_json(struct buf *body, const struct option *option, const char *text)
{
    bool object = option->as == AS_OBJECT;
    struct json_error error;
    struct json_value value;

    if (!json_read(slice_of(text), &value, &error))
        return output_error(EXIT_DATA, "%s '%s' is no %s: %s at character %zu",
                            option->option, text,
                            object ? "JSON object" : "number", error.reason,
                            error.offset + 1);
    if (value.type != (object ? JSON_OBJECT : JSON_NUMBER))
        return output_error(EXIT_DATA, "%s takes a %s, not '%s'",
                            option->option, object ? "JSON object" : "number",
                            text);
    member_raw(body, option->member, value.text, "null");
    return EXIT_OK;
}

int
webhook_form_take(struct cli *cli, struct buf *body)
{
    int code = EXIT_OK;
    size_t i;

    buf_add_char(body, '{');
    for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        const struct option *option = &options[i];
        const char *value = args_value(&cli->args, option->option);

        if (value == NULL || code != EXIT_OK)
            continue;
        if (option->as == AS_TEXT) {
            member_text(body, option->member, value);
        } else if (option->as == AS_LIST) {
            member_name(body, option->member);
            add_list(body, value);
        } else {
            code = add_json(body, option, value);
        }
    }
    if (args_flag(&cli->args, "--inactive"))
        member_bool(body, "active", false);
    if (args_flag(&cli->args, "--active"))
        member_bool(body, "active", true);
    return code == EXIT_OK ? add_headers(cli, body) : code;
}

static int
say_problems(const struct problems *problems)
{
    size_t i;

    for (i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->list[i];

        (void)output_error(EXIT_DATA, "%s%s%s: %s", problem->loc[0],
                           problem->loc[1][0] == '\0' ? "" : ".",
                           problem->loc[1], problem->msg);
    }
    return EXIT_DATA;
}

int
webhook_form_read(const struct cli *cli, struct slice body, bool part,
                  struct subscription_form *form)
{
    struct problems problems = {.count = 0};
    struct target_nets allow;
    struct buf why = BUF_INIT(1024);
    const struct subscription_rules rules = {
        .require_https = cli->settings.require_https,
        .allow = &allow,
        .part = part,
    };
    int code = EXIT_OK;

    if (!target_nets_parse(cli->settings.allow_targets, &allow, &why))
        code = output_error(EXIT_CONFIG, "allow_targets: %s", why.data);
    else if (!subscription_form_read(form, body, &rules, &problems))
        code = say_problems(&problems);
    buf_free(&why);
    return code;
}
