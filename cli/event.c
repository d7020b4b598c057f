/*
 * event.c - `postern event`: make something happen.
 */
#include "commands.h"

#include "id.h"
#include "ingest.h"
#include "json.h"
#include "member.h"
#include "output.h"
#include "pattern.h"

#include <string.h>

#define LINE_MAX_BYTES 4096
#define EXTERNAL_ID_MAX 255
#define ORDERING_KEY_MAX 255

/* JSON from the command line, @FILE, or - for stdin; minified into out. */
static int
take_json(const char *option, const char *value, int64_t max, struct buf *out)
{
    struct buf raw = BUF_INIT((size_t)max);
    struct json_error error;
    struct json_value json;
    struct slice text = slice_of(value);
    int code = EXIT_OK;

    if (value[0] == '@' || strcmp(value, "-") == 0) {
        code = cli_read_input(value[0] == '@' ? value + 1 : value, &raw);
        text = buf_slice(&raw);
    }
    if (code == EXIT_OK && !json_read(text, &json, &error))
        code =
            output_error(EXIT_DATA, "%s is not JSON: %s at line %u column %u",
                         option, error.reason, error.line, error.column);
    else if (code == EXIT_OK && json.type != JSON_OBJECT)
        code = output_error(EXIT_DATA, "%s must be a JSON object", option);
    if (code == EXIT_OK) {
        json_minify(json.text, out);
        if (!buf_ok(out))
            code = output_error(EXIT_DATA,
                                "%s is larger than max_body (%lld bytes)",
                                option, (long long)max);
    }
    buf_free(&raw);
    return code;
}

/* What its type says about its data. */
static int
check_data(struct cli *cli, struct catalog *catalog,
           const struct new_event *event)
{
    const struct catalog_snapshot *snapshot;
    struct problems problems;
    enum db_result result = catalog_refresh(catalog, cli->db);
    bool good;

    if (result != DB_OK)
        return cli_db_error(cli, result, "read the event types");
    problems.count = 0;
    snapshot = catalog_take(catalog);
    good = catalog_check_data(snapshot, event->type, event->payload, "data",
                              &problems);
    catalog_release(snapshot);
    return good ? EXIT_OK : output_problems(&problems);
}

static int
send(struct cli *cli, struct new_event *event)
{
    struct catalog *catalog = catalog_new(cli->sealer);
    int code = check_data(cli, catalog, event);

    if (code == EXIT_OK)
        code = cli_ingest(cli, catalog, event);
    catalog_free(catalog);
    return code;
}

static void
print_sent(const struct cli *cli, const struct new_event *event)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    char id[ID_TEXT_MAX];

    if (cli->json) {
        buf_add_char(&line, '{');
        member_id(&line, "event_id", ID_EVENT, event->id);
        member_u64(&line, "matched", event->matched);
        member_bool(&line, "duplicate", event->duplicate);
        buf_add_char(&line, '}');
        output_line(buf_slice(&line));
    } else {
        id_format(ID_EVENT, event->id, id);
        output_line(slice_of(id));
        output_note(event->duplicate ? "this id was sent before; %u webhook(s) "
                                       "matched then"
                                     : "%u webhook(s) matched",
                    event->matched);
    }
    buf_free(&line);
}

static int
check_length(const char *option, const char *text, size_t max)
{
    if (text != NULL && (text[0] == '\0' || strlen(text) > max))
        return output_error(EXIT_DATA, "%s has 1 to %zu bytes", option, max);
    return EXIT_OK;
}

static int
check_words(const char *type, const char *data)
{
    if (type == NULL)
        return output_error(EXIT_USE,
                            "event send needs a TYPE such as order.created");
    if (!pattern_is_type(slice_of(type)))
        return output_error(EXIT_DATA,
                            "'%s' is no event type: words between dots, "
                            "without white space or '*'",
                            type);
    if (data == NULL)
        return output_error(EXIT_USE, "event send needs --data JSON, @FILE or "
                                      "- (stdin)");
    return EXIT_OK;
}

static int
run_send(struct cli *cli)
{
    const char *data_text = args_value(&cli->args, "--data");
    const char *metadata_text = args_value(&cli->args, "--metadata");
    const char *external_id = args_value(&cli->args, "--id");
    const char *ordering_key = args_value(&cli->args, "--ordering-key");
    struct new_event event = {.route = ROUTE_MATCH, .verified = true};
    struct buf data = BUF_INIT(0), metadata = BUF_INIT(0);
    const char *type;
    int code = cli_application(cli, 1, &event.application_id);

    type = args_word(&cli->args);
    if (code == EXIT_OK)
        code = cli_finish_args(cli);
    if (code == EXIT_OK)
        code = check_words(type, data_text);
    if (code == EXIT_OK)
        code = check_length("--id", external_id, EXTERNAL_ID_MAX);
    if (code == EXIT_OK)
        code = check_length("--ordering-key", ordering_key, ORDERING_KEY_MAX);
    if (code == EXIT_OK)
        code = cli_sealer(cli);
    if (code == EXIT_OK) {
        buf_init(&data, (size_t)cli->settings.max_body);
        buf_init(&metadata, (size_t)cli->settings.max_body);
        code = take_json("--data", data_text, cli->settings.max_body, &data);
    }
    if (code == EXIT_OK && metadata_text != NULL) {
        code = take_json("--metadata", metadata_text, cli->settings.max_body,
                         &metadata);
        event.metadata = buf_slice(&metadata);
    }
    if (code == EXIT_OK)
        code = cli_schema(cli);
    if (code == EXIT_OK) {
        event.type = slice_of(type);
        event.payload = buf_slice(&data);
        event.ordering_key = slice_of(ordering_key);
        if (external_id != NULL) {
            event.external_id = slice_of(external_id);
            event_dedupe_hash(&event, "trigger", event.application_id,
                              event.external_id);
        }
        code = send(cli, &event);
    }
    if (code == EXIT_OK)
        print_sent(cli, &event);
    buf_free(&data);
    buf_free(&metadata);
    return code;
}

const struct command event_commands[] = {
    {"event", "send",
     "TYPE --data JSON|@FILE|- [--metadata JSON|@FILE] [--id ID] "
     "[--ordering-key KEY] [--application A]",
     "store an event and its deliveries; with --id a repeat is recognised",
     run_send},
    {NULL, NULL, NULL, NULL, NULL},
};
