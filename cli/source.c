/*
 * source.c - `postern source`: who sends to us, how it is checked, and what is
 * done with it.
 */
#include "commands.h"

#include "doorbell.h"
#include "json.h"
#include "member.h"
#include "output.h"
#include "provider.h"
#include "source_missing.h"
#include "source_show.h"
#include "source_words.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define BODY_MAX ((size_t)1 << 18)
#define LIST_PAGE 250

static int
open_all(struct cli *cli)
{
    int code = cli_sealer(cli);

    return code == EXIT_OK ? cli_schema(cli) : code;
}

/* The NAME of a command that has nothing else but options, all taken before. */
static int
take_name(struct cli *cli, const char *verb, const char **name)
{
    int code;

    *name = source_words_name(cli);
    code = cli_finish_args(cli);
    if (code == EXIT_OK && *name == NULL)
        code = output_error(EXIT_USE, "source %s needs a NAME", verb);
    return code == EXIT_OK ? open_all(cli) : code;
}

/* Programs that run notice at once. */
static void
ring(const struct cli *cli)
{
    struct doorbell *doorbell = doorbell_new(cli->settings.run_dir);

    doorbell_ring(doorbell);
    doorbell_free(doorbell);
}

static int
run_list(struct cli *cli)
{
    struct source_list list = {NULL, 0, true};
    enum db_result result;
    uint32_t after = 0, application = 0;
    int code = cli_application(cli, 0, &application);

    if (code == EXIT_OK)
        code = cli_finish_args(cli);
    if (code == EXIT_OK)
        code = open_all(cli);
    while (code == EXIT_OK && list.more) {
        result = store_source_list(cli->db, cli->sealer, application, after,
                                   LIST_PAGE, &list);
        if (result != DB_OK)
            return cli_db_error(cli, result, "read the sources");
        source_show_rows(cli, list.rows, list.count);
        after = list.count == 0 ? after : list.rows[list.count - 1].id;
        if (!list.more) {
            source_list_free(&list);
            break;
        }
        source_list_free(&list);
        list.more = true;
    }
    return code;
}

static int
run_show(struct cli *cli)
{
    struct source_ref ref;
    struct source_row row;
    enum db_result result;
    const char *name;
    int code = take_name(cli, "show", &name);

    if (code != EXIT_OK)
        return code;
    ref = source_ref_of(slice_of(name));
    result = store_source_get(cli->db, cli->sealer, 0, &ref, &row);
    code =
        source_show_result(cli, name, result, SOURCE_DONE, "read the source");
    if (code == EXIT_OK) {
        source_show_all(cli, &row, NULL);
        source_row_free(&row);
    }
    return code;
}

static int
insert(struct cli *cli, const char *name, const struct source_form *form,
       uint32_t application)
{
    enum source_action action = SOURCE_DONE;
    struct source_made made = {0};
    struct source_ref ref;
    enum db_result result = store_source_insert(cli->db, cli->sealer, form,
                                                application, &made, &action);
    int code = source_show_result(cli, name, result, action, "add the source");

    if (code == EXIT_OK) {
        ring(cli);
        ref = (struct source_ref){made.id, SLICE_NONE};
        code = source_show(cli, &ref, false, made.secret);
    }
    if (code == EXIT_OK && made.secret[0] != '\0')
        output_note("the secret is not shown again");
    if (code == EXIT_OK)
        source_missing_say(cli, name);
    OPENSSL_cleanse(&made, sizeof(made));
    return code;
}

/* As with every command that is not written to the end. */
static int
check_provider(const struct buf *body)
{
    struct buf known = BUF_INIT(1024);
    struct json_value object, provider;
    unsigned i;

    if (!json_read(buf_slice(body), &object, NULL) ||
        json_find(object.text, "provider", &provider))
        return EXIT_OK; /* or the form says what is wrong */
    for (i = 0; provider_at(i) != NULL; i++)
        buf_addf(&known, "%s%s", i == 0 ? "" : ", ", provider_at(i)->name);
    (void)output_error(EXIT_USE, "source add needs --provider P, one of %s",
                       buf_slice(&known).ptr);
    buf_free(&known);
    return EXIT_USE;
}

static int
run_add(struct cli *cli)
{
    struct buf body = BUF_INIT(BODY_MAX);
    struct source_form form = {.verifiers_given = false};
    uint32_t application = 1;
    const char *name = NULL;
    int code = cli_application(cli, 1, &application);

    if (code == EXIT_OK)
        code = source_words_take(cli, &body);
    if (code == EXIT_OK)
        code = take_name(cli, "add", &name);
    if (code == EXIT_OK) {
        member_text(&body, "name", name);
        buf_add_char(&body, '}');
        code = check_provider(&body);
    }
    if (code == EXIT_OK)
        code = source_words_read(cli, buf_slice(&body), false, &form);
    if (code == EXIT_OK)
        code = insert(cli, name, &form, application);
    source_form_free(&form);
    buf_wipe(&body);
    return code;
}

static int
update(struct cli *cli, const char *name, const char *new_name,
       uint32_t move_to, const struct source_form *form)
{
    enum source_action action = SOURCE_DONE;
    struct source_ref ref = source_ref_of(slice_of(name));
    enum db_result result = store_source_update(cli->db, cli->sealer, form, 0,
                                                &ref, move_to, &action);
    int code =
        source_show_result(cli, name, result, action, "change the source");

    if (code != EXIT_OK)
        return code;
    ring(cli);
    if (ref.id == 0 && new_name != NULL)
        ref.name = slice_of(new_name);
    code = source_show(cli, &ref, true, NULL);
    if (code == EXIT_OK && ref.id == 0)
        source_missing_say(cli, new_name != NULL ? new_name : name);
    return code;
}

static int
run_set(struct cli *cli)
{
    struct buf body = BUF_INIT(BODY_MAX);
    struct source_form form = {.verifiers_given = false};
    const char *new_name = args_value(&cli->args, "--name"), *name = NULL;
    uint32_t move_to = 0;
    int code = cli_application(cli, 0, &move_to);

    if (code == EXIT_OK)
        code = source_words_take(cli, &body);
    if (new_name != NULL)
        member_text(&body, "name", new_name);
    buf_add_char(&body, '}');
    if (code == EXIT_OK)
        code = take_name(cli, "set", &name);
    if (code == EXIT_OK && body.len == 2 && move_to == 0)
        code = output_error(EXIT_USE,
                            "source set %s changes nothing; what can be "
                            "changed: postern source options",
                            name);
    if (code == EXIT_OK)
        code = source_words_read(cli, buf_slice(&body), true, &form);
    if (code == EXIT_OK)
        code = update(cli, name, new_name, move_to, &form);
    source_form_free(&form);
    buf_wipe(&body);
    return code;
}

static int
run_rm(struct cli *cli)
{
    struct source_ref ref;
    const char *name;
    int code = take_name(cli, "rm", &name);

    if (code != EXIT_OK)
        return code;
    ref = source_ref_of(slice_of(name));
    code = source_show_result(cli, name, store_source_delete(cli->db, 0, &ref),
                              SOURCE_DONE, "remove the source");
    if (code != EXIT_OK)
        return code;
    ring(cli);
    if (cli->json)
        printf("{\"deleted\":true}\n");
    else
        output_note("removed source %s; its history stays", name);
    return EXIT_OK;
}

static int
run_options(struct cli *cli)
{
    static const char *const headings[] = {"OPTION", "TAKES", "WHAT", NULL};
    const struct source_option_help *help;
    struct table table;
    size_t i;
    int code = cli_finish_args(cli);

    if (code != EXIT_OK)
        return code;
    table_init(&table, headings);
    for (i = 0; (help = source_option_help(i)) != NULL; i++) {
        struct buf line = BUF_INIT(4096);

        buf_add_char(&line, '{');
        member_text(&line, "name", help->name);
        member_text(&line, "kind", help->kind);
        member_text(&line, "help", help->help);
        buf_add_char(&line, '}');
        if (cli->json) {
            output_line(buf_slice(&line));
        } else {
            table_row(&table);
            table_cell(&table, help->name);
            table_cell(&table, help->kind);
            table_cell(&table, help->help);
        }
        buf_free(&line);
    }
    if (!cli->json)
        table_print(&table, "none");
    return EXIT_OK;
}

const struct command source_commands[] = {
    {"source", "add",
     "NAME --provider P " SOURCE_WORDS_USAGE " [--application A]",
     "a new source; a secret that is made for it is shown only then", run_add},
    {"source", "set",
     "NAME [--name NEW] [--provider P] [--application A] " SOURCE_WORDS_USAGE,
     "set what a source signs with (--keep-others: the old secrets stay valid "
     "too) and how its events are processed",
     run_set},
    {"source", "show", "NAME", "one source; secrets are never shown", run_show},
    {"source", "list", "[--application A]", "all sources", run_list},
    {"source", "rm", "NAME",
     "remove a source; its history stays, what still waits is cancelled",
     run_rm},
    {"source", "options", "", "every OPTION=VALUE of add and set", run_options},
    {NULL, NULL, NULL, NULL, NULL},
};
