/*
 * source_token.c - `postern source rotate`, `await`, `confirm`, `rejections`:
 * the secrets of a source, and what was refused for want of the right one.
 */
#include "commands.h"

#include "output.h"
#include "rejections.h"
#include "source_show.h"
#include "source_words.h"

#include <openssl/crypto.h>

static int
take_name(struct cli *cli, const char *verb, const char **name,
          struct source_ref *ref)
{
    int code;

    *name = source_words_name(cli);
    code = cli_finish_args(cli);
    if (code == EXIT_OK && *name == NULL)
        code = output_error(EXIT_USE, "source %s needs a NAME", verb);
    if (code == EXIT_OK)
        code = cli_sealer(cli);
    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code == EXIT_OK)
        *ref = source_ref_of(slice_of(*name));
    return code;
}

static int
check_secret(struct slice secret)
{
    struct problems problems = {.count = 0};

    if (secret.ptr == NULL ||
        source_form_check_secret(secret, "secret", &problems))
        return EXIT_OK;
    return output_error(EXIT_DATA, "%s", problems.list[0].msg);
}

static int
run_rotate(struct cli *cli)
{
    struct buf line = BUF_INIT(VERIFIER_SECRET_BYTES * 4);
    enum source_action action = SOURCE_DONE;
    struct source_made made = {0};
    struct source_ref ref;
    bool drop = args_flag(&cli->args, "--drop-others");
    struct slice secret;
    const char *name = NULL;
    enum db_result result;
    int code = source_words_secret(cli, &line, &secret);

    if (code == EXIT_OK)
        code = check_secret(secret);
    if (code == EXIT_OK)
        code = take_name(cli, "rotate", &name, &ref);
    if (code == EXIT_OK) {
        result = store_source_rotate(cli->db, cli->sealer, 0, &ref, secret,
                                     drop, &made, &action);
        code =
            source_show_result(cli, name, result, action, "change the source");
    }
    if (code == EXIT_OK)
        code = source_show(cli, &ref, false,
                           secret.ptr == NULL ? made.secret : NULL);
    if (code == EXIT_OK && secret.ptr == NULL)
        output_note("the secret is not shown again");
    OPENSSL_cleanse(&made, sizeof(made));
    buf_wipe(&line);
    return code;
}

static int
run_await(struct cli *cli)
{
    enum source_action action = SOURCE_DONE;
    struct source_ref ref;
    enum db_result result;
    const char *name;
    int code = take_name(cli, "await", &name, &ref);

    if (code != EXIT_OK)
        return code;
    result = store_source_await(cli->db, 0, &ref, &action);
    code = source_show_result(cli, name, result, action, "change the source");
    if (code == EXIT_OK)
        code = source_show(cli, &ref, true, NULL);
    if (code == EXIT_OK)
        output_note("let the provider send its token now, then: postern source "
                    "confirm %s",
                    name);
    return code;
}

static int
run_confirm(struct cli *cli)
{
    bool keep = args_flag(&cli->args, "--keep-others");
    enum source_action action = SOURCE_DONE;
    struct source_made made = {0};
    struct source_ref ref;
    enum db_result result;
    const char *name;
    int code = take_name(cli, "confirm", &name, &ref);

    if (code != EXIT_OK)
        return code;
    result = store_source_confirm(cli->db, cli->sealer, 0, &ref, keep, &made,
                                  &action);
    code = source_show_result(cli, name, result, action, "change the source");
    if (code == EXIT_OK)
        code = source_show(cli, &ref, false, made.secret);
    if (code == EXIT_OK)
        output_note("enter this secret where the provider asks for the token; "
                    "if it is refused there, somebody else sent it: postern "
                    "source await %s",
                    name);
    OPENSSL_cleanse(&made, sizeof(made));
    return code;
}

static int
run_rejections(struct cli *cli)
{
    struct rejection_filter filter;
    struct rejection_list list = {NULL, 0, 0};
    struct source_row row;
    struct source_ref ref;
    enum db_result result;
    const char *name = NULL;
    int code = rejections_filter(cli, &filter);

    if (code == EXIT_OK)
        code = take_name(cli, "rejections", &name, &ref);
    if (code != EXIT_OK)
        return code;
    result = store_source_get(cli->db, cli->sealer, 0, &ref, &row);
    if (result == DB_OK) {
        filter.source_id = row.id;
        source_row_free(&row);
        result = store_source_rejection_list(cli->db, &filter, &list);
    }
    code = source_show_result(cli, name, result, SOURCE_DONE,
                              "read the rejections");
    if (code == EXIT_OK)
        rejections_print(cli, &list);
    rejection_list_free(&list);
    return code;
}

const struct command source_token_commands[] = {
    {"source", "rotate", "NAME [--secret S | --secret-stdin] [--drop-others]",
     "a new secret beside the old ones; a made one is shown only then",
     run_rotate},
    {"source", "await", "NAME",
     "keep the token that the provider sends next (Notion)", run_await},
    {"source", "confirm", "NAME [--keep-others]",
     "the token that was kept is the secret from now on", run_confirm},
    {"source", "rejections", "NAME [--reason R] [--status N] [--limit N]",
     "what was refused lately, and why", run_rejections},
    {NULL, NULL, NULL, NULL, NULL},
};
