/*
 * source_words.c - a source as the options of a command line describe it.
 */
#include "source_words.h"

#include "json.h"
#include "member.h"
#include "number.h"
#include "output.h"
#include "target.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 65536 /* bytes of one option's JSON */
#define WHY_MAX 1024

/* --name VALUE as a member of the JSON that the API would get. */
struct option {
    const char *option;
    const char *member;
    enum { AS_TEXT, AS_NUMBER, AS_JSON } as;
};

static const struct option options[] = {
    {"--provider", "provider", AS_TEXT},
    {"--description", "description", AS_TEXT},
    {"--max-attempts", "max_attempts", AS_NUMBER},
    {"--retry-delay", "retry_delay", AS_NUMBER},
    {"--concurrency", "concurrency", AS_NUMBER},
    {"--relay", "relay", AS_TEXT},
    {"--key-columns", "key_columns", AS_JSON},
    {"--verifiers", "verifiers", AS_JSON},
};

int
source_words_secret(struct cli *cli, struct buf *line, struct slice *secret)
{
    const char *value = args_value(&cli->args, "--secret");
    bool from_stdin = args_flag(&cli->args, "--secret-stdin");
    int code;

    *secret = slice_of(value);
    if (!from_stdin)
        return EXIT_OK;
    if (value != NULL)
        return output_error(EXIT_USE,
                            "--secret and --secret-stdin exclude each other");
    code = cli_read_input("-", line);
    if (code == EXIT_OK)
        *secret = slice_trim(buf_slice(line));
    return code;
}

static int
add_secret(struct cli *cli, struct buf *body)
{
    struct buf line = BUF_INIT(VERIFIER_SECRET_BYTES * 4);
    bool none = args_flag(&cli->args, "--no-secret");
    struct slice secret;
    int code = source_words_secret(cli, &line, &secret);

    if (code == EXIT_OK && secret.ptr != NULL && none)
        code = output_error(EXIT_USE,
                            "--secret and --no-secret exclude each other");
    if (code == EXIT_OK && secret.ptr != NULL && !json_is_utf8(secret))
        code = output_error(EXIT_DATA, "the secret is not UTF-8");
    if (code == EXIT_OK && (secret.ptr != NULL || none))
        member_slice(body, "secret", secret);
    if (args_flag(&cli->args, "--keep-others"))
        member_bool(body, "keep_secrets", true);
    buf_wipe(&line);
    return code;
}

static int
add_option(struct cli *cli, const struct option *option, struct buf *body)
{
    const char *text = args_value(&cli->args, option->option);
    struct json_value value;
    uint64_t number;

    if (text == NULL)
        return EXIT_OK;
    if (option->as == AS_TEXT) {
        member_text(body, option->member, text);
        return EXIT_OK;
    }
    if (option->as == AS_NUMBER &&
        !number_u64(slice_of(text), UINT32_MAX, &number))
        return output_error(EXIT_USE, "%s takes a number, not '%s'",
                            option->option, text);
    if (!json_read(slice_of(text), &value, NULL))
        return output_error(EXIT_DATA, "%s takes JSON, not '%s'",
                            option->option, text);
    member_raw(body, option->member, value.text, "null");
    return EXIT_OK;
}

static int
add_api_key(struct cli *cli, struct buf *body)
{
    struct buf line = BUF_INIT(SOURCE_API_KEY_BYTES * 2);
    bool none = args_flag(&cli->args, "--no-api-key");
    bool from_stdin = args_flag(&cli->args, "--api-key-stdin");
    const char *value = args_value(&cli->args, "--api-key");
    struct slice key = slice_of(value);
    int code = EXIT_OK;

    if ((value != NULL) + none + from_stdin > 1)
        return output_error(EXIT_USE, "--api-key, --api-key-stdin and "
                                      "--no-api-key exclude each other");
    if (from_stdin)
        code = cli_read_input("-", &line);
    if (from_stdin)
        key = slice_trim(buf_slice(&line));
    if (code == EXIT_OK && key.ptr != NULL && !json_is_utf8(key))
        code = output_error(EXIT_DATA, "the API key is not UTF-8");
    if (code == EXIT_OK && (key.ptr != NULL || none))
        member_slice(body, "api_key", key);
    buf_wipe(&line);
    return code;
}

/* OPTION=VALUE, where an empty value means: as the provider has it. */
static int
add_word(const char *word, struct buf *body)
{
    size_t len = strcspn(word, "=");
    struct slice name = slice_make(word, len);
    struct buf json = BUF_INIT(VALUE_MAX);
    char *text = slice_text(name);
    char why[200] = "";
    int code = EXIT_OK;

    if (source_option_json(name, slice_of(word + len + 1), &json, why))
        member_raw(body, text, buf_slice(&json), "null");
    else
        code =
            output_error(EXIT_USE, "%s%s `postern source options` lists them",
                         why, strchr(why, '?') == NULL ? ";" : "");
    free(text);
    buf_free(&json);
    return code;
}

/* Words with '=' are options; the others stay for the caller. */
static const char *
take_word(struct args *args, bool assigns)
{
    size_t i;

    for (i = 0; i < args->count; i++) {
        if (args->taken[i] || (strchr(args->word[i], '=') != NULL) != assigns ||
            (args->word[i][0] == '-' && !args->literal[i]))
            continue;
        args->taken[i] = true;
        return args->word[i];
    }
    return NULL;
}

const char *
source_words_name(struct cli *cli)
{
    return take_word(&cli->args, false);
}

int
source_words_take(struct cli *cli, struct buf *body)
{
    const char *word;
    size_t i;
    int code;

    buf_add_char(body, '{');
    code = add_secret(cli, body);
    for (i = 0; code == EXIT_OK && i < sizeof(options) / sizeof(options[0]);
         i++)
        code = add_option(cli, &options[i], body);
    if (code == EXIT_OK)
        code = add_api_key(cli, body);
    while (code == EXIT_OK && (word = take_word(&cli->args, true)) != NULL)
        code = add_word(word, body);
    return code;
}

static int
say_problems(const struct problems *problems)
{
    size_t i, k;

    for (i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->list[i];
        struct buf where = BUF_INIT(WHY_MAX);

        for (k = 0; k < PROBLEM_LOC_PARTS && problem->loc[k][0] != '\0'; k++)
            buf_addf(&where, "%s%s", k == 0 ? "" : ".", problem->loc[k]);
        (void)output_error(EXIT_DATA, "%s: %s",
                           where.data == NULL ? "options" : where.data,
                           problem->msg);
        buf_free(&where);
    }
    return EXIT_DATA;
}

int
source_words_read(const struct cli *cli, struct slice body, bool part,
                  struct source_form *form)
{
    struct problems problems = {.count = 0};
    struct target_nets allow;
    struct buf why = BUF_INIT(WHY_MAX);
    const struct subscription_rules rules = {
        .require_https = cli->settings.require_https,
        .allow = &allow,
        .may_name_application = true,
        .part = part,
    };
    int code = EXIT_OK;

    if (!target_nets_parse(cli->settings.allow_targets, &allow, &why))
        code = output_error(EXIT_CONFIG, "allow_targets: %s", why.data);
    else if (!source_form_read(form, body, &rules, &problems))
        code = say_problems(&problems);
    buf_free(&why);
    return code;
}
