/*
 * webhook_form.c - a subscription as the options of a command line describe it.
 */
#include "webhook_form.h"

#include "json.h"
#include "member.h"
#include "object_id.h"
#include "output.h"
#include "sign.h"

#include <string.h>

/* --name VALUE as a member of the JSON that the API would get. */
struct option {
    const char *option;
    const char *member;
    /* AS_WORDING, AS_RULES: a text, an object, or @FILE that holds it; an empty
       one takes it away. AS_FILE: the name of a file. */
    enum {
        AS_TEXT,
        AS_NUMBER,
        AS_OBJECT,
        AS_LIST,
        AS_WORDING,
        AS_RULES,
        AS_FILE
    } as;
};

#define FILE_MAX_BYTES ((size_t)128 * 1024)

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
    {"--template", "template", AS_WORDING},
    {"--template-type", "template_type", AS_TEXT},
    {"--cloudevents-source", "cloudevents_source", AS_WORDING},
    {"--filter", "filter", AS_RULES},
    {"--auth", "auth", AS_RULES},
    {"--client-certificate", "client_certificate", AS_FILE},
    {"--signature-headers", "signature_headers", AS_TEXT},
    {"--ttl", "ttl_seconds", AS_NUMBER},
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

/* What the option says: its value, or what the file holds that it names. */
static int
read_value(const struct option *option, const char *value, struct buf *text)
{
    const char *path = option->as == AS_FILE ? value : value + 1;

    if (option->as != AS_FILE && value[0] != '@') {
        buf_add_text(text, value);
        return EXIT_OK;
    }
    return value[0] == '\0' ? EXIT_OK : cli_read_input(path, text);
}

static int
add_long(struct buf *body, const struct option *option, const char *value)
{
    struct buf text = BUF_INIT(FILE_MAX_BYTES);
    struct json_error error;
    struct json_value json;
    int code = read_value(option, value, &text);

    if (code != EXIT_OK)
        goto out;
    if (text.len == 0) {
        member_raw(body, option->member, SLICE("null"), "null");
    } else if (option->as != AS_RULES) {
        member_slice(body, option->member, buf_slice(&text));
    } else if (!json_read(buf_slice(&text), &json, &error)) {
        code = output_error(EXIT_DATA, "%s is no JSON: %s at character %zu",
                            option->option, error.reason, error.offset + 1);
    } else {
        member_raw(body, option->member, json.text, "null");
    }
out:
    buf_wipe(&text);
    return code;
}

/* --batch-size 100 --batch-wait-ms 5000 as one object; a size of 0 takes it
   away. */
static int
add_batch(struct cli *cli, struct buf *body)
{
    static const struct option size = {"--batch-size", "max_size", AS_NUMBER};
    static const struct option wait = {"--batch-wait-ms", "max_wait_ms",
                                       AS_NUMBER};
    const char *max_size = args_value(&cli->args, size.option);
    const char *max_wait = args_value(&cli->args, wait.option);
    int code = EXIT_OK;

    if (max_size == NULL && max_wait == NULL)
        return EXIT_OK;
    if (max_size != NULL && strcmp(max_size, "0") == 0 && max_wait == NULL) {
        member_raw(body, "batch", SLICE("null"), "null");
        return EXIT_OK;
    }
    member_name(body, "batch");
    buf_add_char(body, '{');
    if (max_size != NULL)
        code = add_json(body, &size, max_size);
    if (max_wait != NULL && code == EXIT_OK)
        code = add_json(body, &wait, max_wait);
    buf_add_char(body, '}');
    return code;
}

static void
add_flags(struct cli *cli, struct buf *body)
{
    static const struct {
        const char *flag;
        const char *member;
        bool value;
    } flags[] = {
        {"--inactive", "active", false},
        {"--active", "active", true},
        {"--ed25519", "ed25519", true},
        {"--no-ed25519", "ed25519", false},
        {"--capture-responses", "capture_responses", true},
        {"--no-capture-responses", "capture_responses", false},
    };
    size_t i;

    for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (args_flag(&cli->args, flags[i].flag))
            member_bool(body, flags[i].member, flags[i].value);
    }
}

/* A secret that is not to be seen in the list of processes. */
static int
add_secret_of_stdin(struct cli *cli, struct buf *body)
{
    struct buf line = BUF_INIT(4 * SIGN_SECRET_MAX);
    int code = EXIT_OK;

    if (!args_flag(&cli->args, "--secret-stdin"))
        return EXIT_OK;
    code = cli_read_input("-", &line);
    if (code == EXIT_OK)
        member_slice(body, "secret", slice_trim(buf_slice(&line)));
    buf_wipe(&line);
    return code;
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
        } else if (option->as >= AS_WORDING) {
            code = add_long(body, option, value);
        } else {
            code = add_json(body, option, value);
        }
    }
    if (code == EXIT_OK)
        code = add_secret_of_stdin(cli, body);
    if (code == EXIT_OK)
        code = add_batch(cli, body);
    add_flags(cli, body);
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

int
webhook_take_id(struct cli *cli, uint32_t *id)
{
    const char *word = args_word(&cli->args);
    int code = cli_finish_args(cli);

    if (code != EXIT_OK)
        return code;
    if (word == NULL || !object_id_webhook(word, id))
        return output_error(EXIT_USE, "this needs a webhook's ID (12 or "
                                      "ep_...), which `postern webhook list` "
                                      "shows");
    return cli_schema(cli);
}
