/*
 * source_options.c - how a source behaves: the table of its options.
 */
#include "source_options_impl.h"

#include "body_value.h"
#include "member.h"
#include "pattern.h"
#include "provider.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS (86400 * 1000)
#define DEBOUNCE_MAX_MS 60000 /* of a provider that says nothing else */
#define PATH_MAX_BYTES 256
#define NAME_MAX_BYTES 128

#define AT(member) offsetof(struct source_options, member)

/* In the order of their enums. */
static const char *const verify_words[] = {"enforce", "monitor", "off", NULL};
static const char *const down_words[] = {"hold", "apply", "fail", NULL};

static const struct option table[] = {
    {"verify", OPTION_WORD, AT(verify), 0, verify_words, NULL,
     "What becomes of a request without a valid signature: \"enforce\" refuses "
     "it, \"monitor\" takes it and notes among the rejections what would have "
     "been refused, \"off\" does not look."},
    {"allow_from", OPTION_LIST, AT(allow_from), 64, NULL, check_networks,
     "Networks that may send, as addresses or CIDR; none: everybody."},
    {"public_url", OPTION_TEXT, AT(public_url), SOURCE_TEXT_MAX, NULL,
     check_url,
     "The address that the provider sends to, as it is entered there. Needed "
     "where the address is signed too (Twilio, and {url} in a signed text)."},
    {"rate_limit", OPTION_NUMBER, AT(rate_limit), 100000, NULL, NULL,
     "Requests per second; more are answered 429. 0: no limit."},
    {"address_rate_limit", OPTION_NUMBER, AT(address_rate_limit), 100000, NULL,
     NULL, "The same for each address that sends. 0: no limit."},
    {"queue_size", OPTION_NUMBER, AT(queue_size), 10000000, NULL, NULL,
     "Events that may wait to be processed; with more of them, requests are "
     "answered 503 and nothing is dropped. 0: no limit."},

    {"dedupe", OPTION_TEXT, AT(dedupe), PATH_MAX_BYTES, NULL, check_dedupe,
     "What tells that an event was received before: \"header:NAME\", "
     "\"json:PATH\", \"signature\" (all that was signed, where a time or an id "
     "is), \"body_sha256\" or \"none\"; of several with \"|\" between them the "
     "first that is there. Where none is, nothing tells. null: as usual for "
     "the provider."},
    {"type_path", OPTION_TEXT, AT(type_path), PATH_MAX_BYTES, NULL, check_path,
     "Where the type of the event is: \"data.type\", \"header:X-Event\". null: "
     "as usual for the provider, like the paths below."},
    {"table_path", OPTION_TEXT, AT(table_path), PATH_MAX_BYTES, NULL,
     check_path, "Where it has the name of the record's table."},
    {"record_path", OPTION_TEXT, AT(record_path), PATH_MAX_BYTES, NULL,
     check_path, "Where it has the id of the record."},
    {"data_path", OPTION_TEXT, AT(data_path), PATH_MAX_BYTES, NULL, check_path,
     "Where it has the record itself."},
    {"time_path", OPTION_TEXT, AT(time_path), PATH_MAX_BYTES, NULL, check_path,
     "Where it has the time of the change."},
    {"watch", OPTION_LIST, AT(watch), 255, NULL, check_texts,
     "Tables or databases that are watched, by id or name; events of others "
     "are answered 200 \"ignored\". None: all are watched (for Notion: the "
     "one of NOTION_DATABASE_ID, if that is set)."},
    {"watch_types", OPTION_LIST, AT(watch_types), PATTERN_MAX, NULL,
     check_patterns,
     "Types of events that are watched, or patterns of them "
     "(\"notion.page.*\"); others are ignored in the same way. None: all."},
    {"ignore_authors", OPTION_LIST, AT(ignore_authors), NAME_MAX_BYTES, NULL,
     check_texts,
     "Ids of authors whose changes are ignored, such as one's own bot: what it "
     "writes would come back as an event for ever. An event is ignored if all "
     "of its authors are among them."},
    {"answer_status", OPTION_NUMBER, AT(answer_status), 299, NULL, check_status,
     "Status of the answer to an accepted event, 200 to 299. 0: as usual for "
     "the provider."},
    {"answer_body", OPTION_VALUE, AT(answer_body), SOURCE_TEXT_MAX, NULL, NULL,
     "Body of that answer, any JSON. null: the usual one."},

    {"mirror", OPTION_BOOL, AT(mirror), 0, NULL, NULL,
     "Keep a copy of the records that the events are about, for /api/records."},
    {"debounce_ms", OPTION_NUMBER, AT(debounce_ms), DAY_MS, NULL, NULL,
     "How long a record has to be quiet before it is fetched, in milliseconds; "
     "the changes within that time are one fetch. Without effect where nothing "
     "is fetched."},
    {"debounce_max_ms", OPTION_NUMBER, AT(debounce_max_ms), DAY_MS, NULL, NULL,
     "How long a fetch may be put off for that at most, in milliseconds."},
    {"fetch", OPTION_BOOL, AT(fetch), 0, NULL, NULL,
     "Ask the source for the record before an event counts, and take what it "
     "answers. Without effect as long as api_url or api_key is not known."},
    {"api_url", OPTION_TEXT, AT(api_url), SOURCE_TEXT_MAX, NULL, check_url,
     "Where its API is. null: SUPABASE_URL, or the setting notion_api_url. "
     "With "
     "an address of its own, a source needs its own api_key."},
    {"api_rate", OPTION_NUMBER, AT(api_rate), 10000, NULL, NULL,
     "Requests per second to that API at most. 0: no limit."},
    {"when_down", OPTION_WORD, AT(when_down), 0, down_words, NULL,
     "What becomes of an event whose source cannot be asked: \"hold\" tries "
     "until it can, \"apply\" takes the event as it came after max_attempts, "
     "\"fail\" gives up after max_attempts."},
    {"confidence_percent", OPTION_PERCENT, AT(confidence_percent), 100, NULL,
     NULL,
     "Share of equal fields, in percent, from which an event and the source's "
     "record of the same version count as agreeing. null: "
     "CONFIDENCE_THRESHOLD."},
    {"version_field", OPTION_TEXT, AT(version_field), NAME_MAX_BYTES, NULL,
     check_texts, "The field of a record that says when it changed."},
    {"cache_keys", OPTION_LIST, AT(cache_keys), 255, NULL, check_templates,
     "Keys of a cache that a change makes invalid, as templates with {source}, "
     "{table}, {id} and {record.NAME} in them. None: "
     "\"{source}:{table}:{id}\"."},
    {"invalidate_url", OPTION_TEXT, AT(invalidate_url), SOURCE_TEXT_MAX, NULL,
     check_url,
     "Is POSTed an event cache.invalidated for every change: a subscription "
     "that is kept along with the source."},
    {"triggers", OPTION_RULES, AT(triggers), SOURCE_JSON_MAX / 2, NULL, NULL,
     "Rules that make events of their own out of changes, as a list of "
     "objects."},
    {"poll_tables", OPTION_LIST, AT(poll_tables), NAME_MAX_BYTES, NULL,
     check_texts,
     "Tables or databases (Notion's by id or name) that the source is asked "
     "for "
     "changes of, since webhooks get lost."},
    {"poll_s", OPTION_NUMBER, AT(poll_s), 7 * 86400, NULL, NULL,
     "How often, in seconds. 0: never."},
};
#define OPTIONS (sizeof(table) / sizeof(table[0]))

const struct option *
option_at(size_t index)
{
    return index < OPTIONS ? &table[index] : NULL;
}

const struct option *
option_named(struct slice name)
{
    size_t i;

    for (i = 0; i < OPTIONS; i++)
        if (slice_is(name, table[i].name))
            return &table[i];
    return NULL;
}

static char *
copy_or_null(const char *text)
{
    return slice_text(slice_of(text));
}

void
source_options_init(struct source_options *options, const char *provider)
{
    const struct provider *usual = provider_named(provider);

    memset(options, 0, sizeof(*options));
    options->mirror = usual->mirror;
    options->debounce_ms = usual->debounce_ms;
    options->debounce_max_ms =
        usual->debounce_max_ms == 0 ? DEBOUNCE_MAX_MS : usual->debounce_max_ms;
    options->fetch = usual->fetch;
    options->api_rate = usual->api_rate;
    options->confidence_percent = -1;
    options->version_field = copy_or_null(usual->version_field);
}

void
source_options_free(struct source_options *options)
{
    size_t i;

    for (i = 0; i < OPTIONS; i++)
        option_free(&table[i], options);
    memset(options, 0, sizeof(*options));
}

static bool
is_skipped(const char *name, const char *const *skip)
{
    for (; skip != NULL && *skip != NULL; skip++)
        if (strcmp(name, *skip) == 0)
            return true;
    return false;
}

static void
find_unknown(struct slice object, const char *const *skip,
             struct problems *problems)
{
    struct json_member member;
    size_t at = 0, len;

    while (json_next(object, &at, &member)) {
        char *name = body_decode_name(member.name, &len);

        if (strlen(name) != len ||
            (option_named(slice_of(name)) == NULL && !is_skipped(name, skip)))
            problem_extra(problems, name);
        free(name);
    }
}

void
source_options_read(struct source_options *options, const char *provider,
                    struct slice object, const char *const *skip,
                    struct problems *problems)
{
    struct source_options usual;
    struct json_value value;
    size_t i;

    source_options_init(&usual, provider);
    for (i = 0; i < OPTIONS; i++) {
        if (is_skipped(table[i].name, skip) ||
            !json_find(object, table[i].name, &value))
            continue;
        if (value.type == JSON_NULL)
            option_copy(&table[i], options, &usual);
        else
            option_read(&table[i], value, options, problems);
    }
    find_unknown(object, skip, problems);
    source_options_free(&usual);
}

void
source_options_print(const struct source_options *options, const char *provider,
                     struct buf *out)
{
    struct source_options usual;
    size_t i;

    source_options_init(&usual, provider);
    buf_add_char(out, '{');
    for (i = 0; i < OPTIONS; i++) {
        struct buf ours = BUF_INIT(SOURCE_JSON_MAX);
        struct buf theirs = BUF_INIT(SOURCE_JSON_MAX);

        option_print(&table[i], options, &ours);
        option_print(&table[i], &usual, &theirs);
        if (!buf_ok(&ours))
            out->overflow = true;
        else if (!slice_equal(buf_slice(&ours), buf_slice(&theirs)))
            member_raw(out, table[i].name, buf_slice(&ours), "null");
        buf_free(&ours);
        buf_free(&theirs);
    }
    buf_add_char(out, '}');
    source_options_free(&usual);
}

void
source_options_members(const struct source_options *options, struct buf *out)
{
    size_t i;

    for (i = 0; i < OPTIONS; i++) {
        member_name(out, table[i].name);
        option_print(&table[i], options, out);
    }
}

const struct source_option_help *
source_option_help(size_t index)
{
    static _Thread_local struct source_option_help help;
    const struct option *option = option_at(index);

    if (option == NULL)
        return NULL;
    help = (struct source_option_help){option->name, option_kind_name(option),
                                       option->help};
    return &help;
}
