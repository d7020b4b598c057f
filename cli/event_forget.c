/*
 * event_forget.c - `postern event forget`: what an event held is removed for
 * good.
 */
#include "commands.h"

#include "object_id.h"
#include "output.h"
#include "store_content.h"

static int
run_forget(struct cli *cli)
{
    bool cancel = args_flag(&cli->args, "--cancel");
    enum content_state state = CONTENT_REMOVED;
    uint32_t application_id = 0;
    enum db_result result;
    const char *word;
    uint64_t id;
    int code = cli_application(cli, 0, &application_id);

    word = args_word(&cli->args);
    if (code == EXIT_OK)
        code = cli_finish_args(cli);
    if (code != EXIT_OK)
        return code;
    if (word == NULL || !object_id_event(word, &id))
        return output_error(EXIT_USE, "event forget needs the ID of an event "
                                      "(evt_...), which `postern event list` "
                                      "shows");
    code = cli_schema(cli);
    if (code != EXIT_OK)
        return code;
    result = store_content_remove(cli->db, application_id, id, cancel, &state);
    if (result == DB_NONE)
        return output_error(EXIT_NONE,
                            "there is no event %s; `postern event "
                            "list` shows them",
                            word);
    if (result != DB_OK)
        return cli_db_error(cli, result, "remove the content");
    if (state == CONTENT_UNKNOWN)
        return output_error(EXIT_LATER, "too many deliveries are waiting to "
                                        "tell whether one needs the event: "
                                        "try again later");
    if (state == CONTENT_WANTED)
        return output_error(EXIT_UNHEALTHY,
                            "the event is still being delivered or processed: "
                            "%s",
                            cancel ? "try again in a moment"
                                   : "--cancel cancels its deliveries first");
    output_note("the content of %s is removed", word);
    return EXIT_OK;
}

const struct command event_forget_commands[] = {
    {"event", "forget", "ID [--cancel] [--application A]",
     "remove payload, metadata and stored answers of an event for good",
     run_forget},
    {NULL, NULL, NULL, NULL, NULL},
};
