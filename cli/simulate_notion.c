/*
 * simulate_notion.c - webhooks as Notion sends them
 * (https://developers.notion.com/reference/webhooks).
 */
#include "simulate.h"

#include "clock.h"
#include "encode.h"
#include "member.h"
#include "number.h"
#include "output.h"

#include <stdio.h>
#include <string.h>

#define ATTEMPTS_MAX 8

#define ACTIONS_MAX 8

/* What may have changed, the option that names it, and what may have happened
   to it. */
static const struct entity {
    const char *name;
    const char *option;
    const char *actions[ACTIONS_MAX];
} entities[] = {
    {"page",
     "--page",
     {"created", "content_updated", "properties_updated", "moved", "deleted",
      "undeleted", "locked", "unlocked"}},
    {"database",
     "--database",
     {"created", "content_updated", "schema_updated", "moved", "deleted",
      "undeleted"}},
    {"data_source",
     "--data-source",
     {"created", "content_updated", "schema_updated", "moved", "deleted",
      "undeleted"}},
    {"comment", "--comment", {"created", "updated", "deleted"}},
};

#define ENTITIES (sizeof(entities) / sizeof(entities[0]))
#define PAGE 0
#define DATABASE 1
#define DATA_SOURCE 2
#define COMMENT 3

struct event {
    size_t entity; /* of entities[] */
    char type[64];
    char ids[ENTITIES][37]; /* "" = not given */
    char id[37];
    uint64_t attempt;
};

/* With dashes, whether they were typed or not. */
static int
take_id(const char *option, const char *text, char out[37])
{
    char hex[33];
    size_t i, n = 0;

    out[0] = '\0';
    if (text == NULL)
        return EXIT_OK;
    for (i = 0; text[i] != '\0'; i++) {
        if (text[i] == '-')
            continue;
        if (decode_hex_digit(text[i]) < 0 || n == 32)
            break;
        hex[n++] = (char)(text[i] >= 'A' && text[i] <= 'F' ? text[i] - 'A' + 'a'
                                                           : text[i]);
    }
    if (text[i] != '\0' || n != 32)
        return output_error(EXIT_DATA,
                            "%s takes an id of 32 hexadecimal digits, with or "
                            "without dashes, not '%s'",
                            option, text);
    snprintf(out, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
             hex + 16, hex + 20);
    return EXIT_OK;
}

/* page.updated is a short word for page.content_updated. */
static bool
is_type(const char *word, size_t entity, const char *action, char type[64])
{
    const char *name = entities[entity].name;
    bool brief = entity != COMMENT && strcmp(action, "content_updated") == 0;
    char usual[64], short_word[64];

    (void)snprintf(usual, sizeof(usual), "%s.%s", name, action);
    (void)snprintf(short_word, sizeof(short_word), "%s.updated", name);
    if (strcmp(word, usual) != 0 && !(brief && strcmp(word, short_word) == 0))
        return false;
    memcpy(type, usual, sizeof(usual));
    return true;
}

static int
refuse_type(const char *word)
{
    struct buf list = BUF_INIT(2048);
    size_t i, k;
    int code;

    for (i = 0; i < ENTITIES; i++)
        for (k = 0; k < ACTIONS_MAX && entities[i].actions[k] != NULL; k++)
            buf_addf(&list, "%s%s.%s", list.len == 0 ? "" : ", ",
                     entities[i].name, entities[i].actions[k]);
    code = word == NULL
               ? output_error(EXIT_USE,
                              "simulate notion needs a TYPE such as "
                              "page.updated; there are %s",
                              list.data)
               : output_error(EXIT_USE,
                              "'%s' is no event of Notion's; there are %s",
                              word, list.data);
    buf_free(&list);
    return code;
}

static int
take_type(struct cli *cli, struct event *event)
{
    const char *word = args_word(&cli->args);
    size_t i, k;

    for (i = 0; word != NULL && i < ENTITIES; i++)
        for (k = 0; k < ACTIONS_MAX && entities[i].actions[k] != NULL; k++)
            if (is_type(word, i, entities[i].actions[k], event->type)) {
                event->entity = i;
                return EXIT_OK;
            }
    return refuse_type(word);
}

static int
take_event(struct cli *cli, struct event *event)
{
    const char *attempt = args_value(&cli->args, "--attempt");
    const char *id = args_value(&cli->args, "--id"), *ids[ENTITIES];
    size_t i;
    int code;

    for (i = 0; i < ENTITIES; i++)
        ids[i] = args_value(&cli->args, entities[i].option);
    /* An event that does not exist is not excused by a wrong id. */
    code = take_type(cli, event);
    if (code == EXIT_OK)
        code = take_id("--id", id, event->id);
    for (i = 0; i < ENTITIES && code == EXIT_OK; i++)
        code = take_id(entities[i].option, ids[i], event->ids[i]);
    event->attempt = 1;
    if (code == EXIT_OK && attempt != NULL &&
        (!number_u64(slice_of(attempt), ATTEMPTS_MAX, &event->attempt) ||
         event->attempt == 0))
        code = output_error(EXIT_USE, "--attempt takes a number from 1 to %d",
                            ATTEMPTS_MAX);
    if (code == EXIT_OK && event->ids[event->entity][0] == '\0')
        code = output_error(EXIT_USE, "%s needs %s ID", event->type,
                            entities[event->entity].option);
    if (event->id[0] == '\0')
        simulate_uuid(event->id);
    return code;
}

static void
add_thing(struct buf *out, const char *id, const char *type)
{
    buf_add_char(out, '{');
    member_text(out, "id", id);
    member_text(out, "type", type);
    buf_add_char(out, '}');
}

/* Where it lies, and what about it has changed. */
static void
add_data(const struct event *event, const char *workspace, struct buf *out)
{
    const char *database = event->ids[DATABASE];
    const char *source = event->ids[DATA_SOURCE];
    bool in_database = database[0] != '\0' && event->entity != DATABASE;
    bool page = event->entity == COMMENT && event->ids[PAGE][0] != '\0';

    member_name(out, "data");
    buf_add_char(out, '{');
    member_name(out, "parent");
    buf_add_char(out, '{');
    member_text(out, "id",
                page          ? event->ids[PAGE]
                : in_database ? database
                              : workspace);
    member_text(out, "type",
                page          ? "page"
                : in_database ? "database"
                              : "space");
    if (in_database && source[0] != '\0' && event->entity != DATA_SOURCE)
        member_text(out, "data_source_id", source);
    buf_add_char(out, '}');
    if (page)
        member_text(out, "page_id", event->ids[PAGE]);
    if (strstr(event->type, ".content_updated") != NULL)
        member_raw(out, "updated_blocks", SLICE("[]"), "[]");
    if (strstr(event->type, ".properties_updated") != NULL)
        member_raw(out, "updated_properties", SLICE("[]"), "[]");
    buf_add_char(out, '}');
}

static void
add_event(const struct event *event, struct buf *out)
{
    char workspace[37], person[37], other[37], now[CLOCK_TEXT_MAX];
    int64_t now_us = clock_wall_us();

    clock_format_rfc3339(now_us - now_us % CLOCK_US_PER_MS, now);
    simulate_uuid(workspace);
    simulate_uuid(person);
    buf_add_char(out, '{');
    member_text(out, "id", event->id);
    member_text(out, "timestamp", now);
    member_text(out, "workspace_id", workspace);
    member_text(out, "workspace_name", "Simulated");
    simulate_uuid(other);
    member_text(out, "subscription_id", other);
    simulate_uuid(other);
    member_text(out, "integration_id", other);
    member_name(out, "authors");
    buf_add_char(out, '[');
    add_thing(out, person, "person");
    buf_add_char(out, ']');
    member_u64(out, "attempt_number", event->attempt);
    member_text(out, "api_version", "2025-09-03");
    member_name(out, "entity");
    add_thing(out, event->ids[event->entity], entities[event->entity].name);
    member_text(out, "type", event->type);
    add_data(event, workspace, out);
    buf_add_char(out, '}');
}

int
simulate_notion_body(struct cli *cli, struct buf *body)
{
    struct event event = {.entity = PAGE};
    int code = take_event(cli, &event);

    if (code == EXIT_OK)
        add_event(&event, body);
    return code;
}
