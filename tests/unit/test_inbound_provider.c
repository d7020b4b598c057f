/*
 * test_inbound_provider.c - unit tests for core/inbound/inbound_provider*.c:
 * what the providers' documented bodies say.
 */
#include "inbound_case.h"

#include "alloc.h"
#include "source_options.h"

#include <stdlib.h>

#define FORM "application/x-www-form-urlencoded"

/* A source of a provider, named after it. */
static struct source
source_of(const char *provider)
{
    static char name[64];

    snprintf(name, sizeof(name), "%s", provider);
    return (struct source){.id = 3, .name = name, .provider = name};
}

static const struct outcome *
read_as(const struct source *source, struct slice body, const char *type,
        const char *header)
{
    const char *headers[2] = {header, NULL};
    const struct inbound_request request = {
        .body = body,
        .content_type = slice_of(type),
        .header = case_header,
        .arg = headers,
        .now_us = NOW_US,
    };

    return read_request(source, &request);
}

static void
test_documented_bodies(void)
{
    static const struct {
        const char *provider, *file, *header;
        enum inbound_action action;
        const char *type, *table, *record_id;
        int64_t time_us; /* 0: it says none */
        bool data;
    } rows[] = {
        {"github", "github_push.json", "X-GitHub-Event: push", INBOUND_OTHER,
         "github.push", "", "", SENT_US, false},
        {"github", "github_pull_request_opened.json",
         "X-GitHub-Event: pull_request", INBOUND_INSERT,
         "github.pull_request.opened", "pull_request", "279147437", SENT_US,
         true},
        {"github", "github_issues_deleted.json", "X-GitHub-Event: issues",
         INBOUND_DELETE, "github.issues.deleted", "issues", "444500041",
         SENT_US, false},
        {"github", "github_issue_comment_edited.json",
         "X-GitHub-Event: issue_comment", INBOUND_UPDATE,
         "github.issue_comment.edited", "issue_comment", "492700400", SENT_US,
         true},
        {"github", "github_issues_opened.form", "X-GitHub-Event: issues",
         INBOUND_INSERT, "github.issues.opened", "issues", "444500041", SENT_US,
         true},
        {"github", "github_ping.json", "X-GitHub-Event: ping", INBOUND_OTHER,
         "github.ping", "", "", 0, false},
        {"gitlab", "gitlab_push.json", "X-Gitlab-Event: Push Hook",
         INBOUND_OTHER, "gitlab.push", "", "", 0, false},
        {"gitlab", "gitlab_merge_request_open.json", NULL, INBOUND_INSERT,
         "gitlab.merge_request.open", "merge_request", "99", SENT_US, true},
        {"gitlab", "gitlab_pipeline.json", NULL, INBOUND_UPDATE,
         "gitlab.pipeline.success", "pipeline", "31", SENT_US, true},
        {"bitbucket", "bitbucket_push.json", "X-Event-Key: repo:push",
         INBOUND_OTHER, "bitbucket.repo.push", "", "", 0, false},
        {"bitbucket", "bitbucket_pullrequest_created.json",
         "X-Event-Key: pullrequest:created", INBOUND_INSERT,
         "bitbucket.pullrequest.created", "pullrequest", "1", SENT_US, true},
        {"jira", "jira_issue_updated.json", NULL, INBOUND_UPDATE,
         "jira.issue.updated", "issue", "99291", SENT_US, true},
        {"jira", "jira_comment_created.json", NULL, INBOUND_INSERT,
         "jira.comment.created", "comment", "10001", SENT_US, true},
        {"stripe", "stripe_invoice_paid.json", NULL, INBOUND_UPDATE,
         "stripe.invoice.paid", "invoice", "in_1MtHbELkdIwHu7ixl4OzzPMv",
         SENT_US, true},
        {"stripe", "stripe_subscription_deleted.json", NULL, INBOUND_DELETE,
         "stripe.customer.subscription.deleted", "subscription",
         "sub_1MowQVLkdIwHu7ixeRlqHVzs", SENT_US, false},
        {"stripe", "stripe_balance_available.json", NULL, INBOUND_OTHER,
         "stripe.balance.available", "", "", SENT_US, false},
        {"stripe", "stripe_thin.json", NULL, INBOUND_UPDATE,
         "stripe.v1.billing.meter.error_report_triggered", "billing.meter",
         "mtr_test_61R9IeP0SgKbYROOx41PEAQhH0qO23oW", SENT_US, false},
        {"slack", "slack_event.json", NULL, INBOUND_OTHER,
         "slack.event.app_mention", "", "", SENT_US, false},
        {"slack", "slack_command.form", NULL, INBOUND_OTHER,
         "slack.command.weather", "", "", 0, false},
        {"slack", "slack_interaction.form", NULL, INBOUND_OTHER,
         "slack.interaction.block_actions", "", "", 0, false},
        {"shopify", "shopify_order.json", "X-Shopify-Topic: orders/create",
         INBOUND_INSERT, "shopify.orders.create", "orders",
         "820982911946154508", SENT_US, true},
        {"shopify", "shopify_order.json",
         "X-Shopify-Topic: orders/partially_fulfilled", INBOUND_UPDATE,
         "shopify.orders.partially_fulfilled", "orders", "820982911946154508",
         SENT_US, true},
        {"shopify", "shopify_delete.json", "X-Shopify-Topic: products/delete",
         INBOUND_DELETE, "shopify.products.delete", "products",
         "788032119674292922", 0, false},
        {"standard", "standard.json", NULL, INBOUND_INSERT,
         "standard.contact.created", "contact",
         "1f81eb52-5198-4599-803e-771906343485", SENT_US, true},
        {"svix", "svix.json", NULL, INBOUND_UPDATE, "svix.user.updated", "user",
         "user_29w83sxmDNGwOuEthce5gg56FcC", SENT_US, true},
        {"postern", "postern.json", NULL, INBOUND_OTHER,
         "postern.supabase.users.insert", "", "", SENT_US, false},
        {"supabase_auth", "supabase_auth_send_email.json", NULL, INBOUND_OTHER,
         "supabase_auth.send_email", "", "", 0, false},
        {"supabase_auth", "supabase_auth_before_user_created.json", NULL,
         INBOUND_OTHER, "supabase_auth.before_user_created", "", "", SENT_US,
         false},
        {"supabase_auth", "supabase_auth_mfa.json", NULL, INBOUND_OTHER,
         "supabase_auth.mfa_verification_attempt", "", "", 0, false},
        {"linear", "linear_issue_create.json", NULL, INBOUND_INSERT,
         "linear.issue.create", "issue", "2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9",
         SENT_US, true},
        {"linear", "linear_comment_remove.json", NULL, INBOUND_DELETE,
         "linear.comment.remove", "comment",
         "2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9", SENT_US, false},
        {"twilio", "twilio_message.form", NULL, INBOUND_INSERT,
         "twilio.message.received", "message",
         "SM1f0e8ae6ade43cb3c0ce4525424e404f", 0, false},
        {"twilio", "twilio_call.form", NULL, INBOUND_UPDATE,
         "twilio.call.in-progress", "call",
         "CA42ed11f93dc08b952027ffbc406d0868", SENT_US, false},
        {"sendgrid", "sendgrid.json", NULL, INBOUND_OTHER, "sendgrid.events",
         "", "", 0, false},
        {"discord", "discord_command.json", NULL, INBOUND_OTHER,
         "discord.interaction.application_command", "", "", 0, false},
        {"discord", "discord_event.json", NULL, INBOUND_OTHER,
         "discord.event.application_authorized", "", "", SENT_US, false},
        {"x", "x_tweet_create.json", NULL, INBOUND_OTHER,
         "x.tweet_create_events", "", "", 0, false},
    };
    struct buf name = BUF_INIT(MAX);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct source source = source_of(rows[i].provider);
        bool form = strstr(rows[i].file, ".form") != NULL;
        const struct outcome *got;
        struct buf body;

        buf_clear(&name);
        buf_addf(&name, "inbound_%s", rows[i].file);
        body = golden_read(name.data);
        got = read_as(&source, buf_slice(&body), form ? FORM : NULL,
                      rows[i].header);
        expect_problems(name.data, got, "");
        if (strcmp(got->in.type, rows[i].type) != 0 ||
            strcmp(got->in.table, rows[i].table) != 0 ||
            strcmp(got->in.record_id, rows[i].record_id) != 0 ||
            got->in.action != rows[i].action)
            fprintf(stderr, "\n%s: got %s %s %s %s\n", name.data, got->in.type,
                    got->in.table, got->in.record_id,
                    inbound_action_name(got->in.action));
        CU_ASSERT_STRING_EQUAL(got->in.type, rows[i].type);
        CU_ASSERT_STRING_EQUAL(got->in.table, rows[i].table);
        CU_ASSERT_STRING_EQUAL(got->in.record_id, rows[i].record_id);
        CU_ASSERT_EQUAL(got->in.action, rows[i].action);
        CU_ASSERT_EQUAL(got->in.has_timestamp, rows[i].time_us != 0);
        CU_ASSERT_EQUAL(got->in.version_us,
                        rows[i].time_us != 0 ? rows[i].time_us : NOW_US);
        CU_ASSERT_EQUAL(got->in.data.ptr != NULL, rows[i].data);
        CU_ASSERT_EQUAL(got->in.payload.ptr == got->in.decoded.data, form);
        buf_free(&body);
    }
    buf_free(&name);
}

/* Not one of the bodies means anything before it has ended. */
static void
test_bodies_that_are_cut_off(void)
{
    static const struct {
        const char *provider, *file, *header;
    } rows[] = {
        {"supabase", "supabase_insert.json", NULL},
        {"supabase", "insert.json", NULL},
        {"notion", "notion_page_properties_updated.json", NULL},
        {"notion", "notion_short.json", NULL},
        {"github", "github_pull_request_opened.json",
         "X-GitHub-Event: pull_request"},
        {"gitlab", "gitlab_merge_request_open.json", NULL},
        {"bitbucket", "bitbucket_push.json", "X-Event-Key: repo:push"},
        {"jira", "jira_issue_updated.json", NULL},
        {"stripe", "stripe_invoice_paid.json", NULL},
        {"slack", "slack_event.json", NULL},
        {"shopify", "shopify_order.json", "X-Shopify-Topic: orders/create"},
        {"standard", "standard.json", NULL},
        {"linear", "linear_issue_create.json", NULL},
        {"sendgrid", "sendgrid.json", NULL},
        {"discord", "discord_event.json", NULL},
        {"x", "x_tweet_create.json", NULL},
        {"hmac", "any_order.json", NULL},
    };
    size_t i, len;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct source source = source_of(rows[i].provider);
        size_t accepted = 0;
        struct buf body;
        char file[128];

        snprintf(file, sizeof(file), "inbound_%s", rows[i].file);
        body = golden_read(file);
        CU_ASSERT_EQUAL(
            read_as(&source, buf_slice(&body), NULL, rows[i].header)->result,
            INBOUND_OK);
        for (len = slice_trim(buf_slice(&body)).len; len-- > 0;) {
            char *cut = xmemdup(body.data, len);

            if (read_as(&source, slice_make(cut, len), NULL, rows[i].header)
                    ->result != INBOUND_INVALID)
                accepted++;
            free(cut);
        }
        if (accepted > 0)
            fprintf(stderr, "\n%s: got %zu\n", file, accepted);
        CU_ASSERT_EQUAL(accepted, 0);
        buf_free(&body);
    }
}

/* Shopify's headers without "X-". */
static void
test_several_headers(void)
{
    static const char *headers[] = {
        "shopify-topic: Product", "shopify-action: update",
        "shopify-triggered-at: 2026-01-01T15:00:00Z", NULL};
    struct buf body = golden_read("inbound_shopify_event.json");
    struct source source = source_of("shopify");
    const struct inbound_request request = {
        .body = buf_slice(&body),
        .header = case_header,
        .arg = headers,
        .now_us = NOW_US,
    };
    const struct outcome *got = read_request(&source, &request);

    expect_problems("events", got, "");
    CU_ASSERT_STRING_EQUAL(got->in.type, "shopify.product.update");
    CU_ASSERT_STRING_EQUAL(got->in.table, "product");
    CU_ASSERT_STRING_EQUAL(got->in.record_id, "gid://shopify/Product/123");
    CU_ASSERT_EQUAL(got->in.version_us, SENT_US);
    buf_free(&body);
}

/* The types that are put together from several members. */
static void
test_types(void)
{
    static const struct {
        const char *provider, *body, *want;
    } rows[] = {
        {"slack",
         "{\"type\":\"app_rate_limited\",\"token\":\"t\","
         "\"team_id\":\"T1\"}",
         "slack.app_rate_limited"},
        {"slack", "{\"type\":\"url_verification\",\"challenge\":\"c\"}",
         "slack.url_verification"},
        {"slack", "{\"type\":\"view_submission\",\"user\":{},\"token\":\"t\"}",
         "slack.interaction.view_submission"},
        {"slack", "{\"command\":\"/a b\"}", "slack.command.a_b"},
        {"slack", "{\"command\":\"/\"}", "slack.command./"},
        {"jira", "{\"webhookEvent\":\"jira:version_released\"}",
         "jira.version.released"},
        {"jira", "{\"webhookEvent\":\"issue_property_set\"}",
         "jira.issue_property.set"},
        {"jira", "{\"webhookEvent\":\"ping\"}", "jira.ping"},
        {"twilio", "{\"MessageStatus\":\"delivered\",\"MessageSid\":\"SM1\"}",
         "twilio.message.delivered"},
        {"twilio", "{\"RecordingStatus\":\"completed\",\"CallStatus\":\"x\"}",
         "twilio.recording.completed"},
        {"twilio", "{\"StatusCallbackEvent\":\"conference-end\"}",
         "twilio.conference-end"},
        {"twilio", "{\"MessageSid\":\"SM1\",\"Body\":\"\"}",
         "twilio.message.received"},
        {"twilio", "[{\"type\":\"com.twilio.x\"}]", "twilio.event"},
        {"discord", "{\"type\":1,\"application_id\":\"1\"}",
         "discord.interaction.ping"},
        {"discord", "{\"type\":99}", "discord.interaction.99"},
        {"discord", "{\"version\":1,\"application_id\":\"1\",\"type\":0}",
         "discord.event.ping"},
        {"supabase_auth", "{\"user\":{},\"sms\":{\"otp\":\"1\"}}",
         "supabase_auth.send_sms"},
        {"supabase_auth", "{\"user_id\":\"u\",\"claims\":{}}",
         "supabase_auth.custom_access_token"},
        {"supabase_auth", "{\"user_id\":\"u\",\"valid\":false}",
         "supabase_auth.password_verification_attempt"},
        {"supabase_auth", "{}", "supabase_auth.hook"},
        {"x", "{\"for_user_id\":\"1\",\"direct_message_events\":[]}",
         "x.direct_message_events"},
        {"x", "{\"user_event\":{\"revoke\":{}}}", "x.user_event"},
        {"x", "{\"data\":{\"event_type\":\"profile.update.bio\"}}",
         "x.profile.update.bio"},
        {"x", "{\"data\":{}}", "x.event"},
        {"standard", "{\"data\":{}}", "standard.event"},
        {"standard", "{\"type\":7}", "standard.7"},
        {"standard", "{\"type\":\"a b..c*\"}", "standard.a_b._.c_"},
        {"postern", "{\"order\":1}", "postern.event"},
        {"sendgrid", "[]", "sendgrid.events"},
        {"sendgrid", "{}", "sendgrid.events"},
        {"linear", "{\"type\":\"IssueLabel\",\"action\":\"update\"}",
         "linear.issuelabel.update"},
        {"gitlab", "{\"object_kind\":\"build\",\"build_status\":\"created\"}",
         "gitlab.build.created"},
        {"gitlab", "{\"event_name\":\"project_create\"}",
         "gitlab.project_create"},
        {"hmac", "{\"type\":\"x\"}", "hmac.event"},
        {"hmac", "[1,2]", "hmac.event"},
        {"nobody knows", "{}", "nobody_knows.event"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct source source = source_of(rows[i].provider);
        const struct outcome *got =
            read_as(&source, slice_of(rows[i].body), NULL, NULL);

        expect_problems(rows[i].body, got, "");
        if (strcmp(got->in.type, rows[i].want) != 0)
            fprintf(stderr, "\n%s: got %s\n", rows[i].body, got->in.type);
        CU_ASSERT_STRING_EQUAL(got->in.type, rows[i].want);
    }
}

static void
test_wrong_bodies(void)
{
    static const struct {
        const char *claim, *provider, *body, *header, *want;
    } rows[] = {
        {"no event header", "github", "{\"action\":\"opened\"}", NULL,
         "X-GitHub-Event: value_error.missing"},
        {"an empty one", "github", "{}",
         "X-GitHub-Event: ", "X-GitHub-Event: value_error.missing"},
        {"one that is no UTF-8", "github", "{}", "X-GitHub-Event: \xff",
         "X-GitHub-Event: value_error.missing"},
        {"no topic", "shopify", "{\"id\":1}", NULL,
         "X-Shopify-Topic: value_error.missing"},
        {"no key of the event", "bitbucket", "{}", NULL,
         "X-Event-Key: value_error.missing"},
        {"Stripe without a type", "stripe", "{\"id\":\"evt_1\"}", NULL,
         "type: value_error.missing"},
        {"its type a list", "stripe", "{\"type\":[]}", NULL,
         "type: value_error.missing"},
        {"its type empty", "stripe", "{\"type\":\"\"}", NULL,
         "type: value_error.missing"},
        {"Slack's event without a type", "slack",
         "{\"type\":\"event_callback\",\"event\":{}}", NULL,
         "type: value_error.missing"},
        {"Discord's type a text", "discord", "{\"type\":\"2\"}", NULL,
         "type: value_error.missing"},
        {"Jira without an event", "jira", "{}", NULL,
         "webhookEvent: value_error.missing"},
        {"a list where none is sent", "stripe", "[]", NULL,
         ": type_error.dict"},
        {"a text", "sendgrid", "\"x\"", NULL, ": type_error.dict"},
        {"a number, of anybody", "hmac", "1", NULL, ": type_error.dict"},
        {"cut off", "github", "{\"action\":\"ope", "X-GitHub-Event: issues",
         "10: value_error.jsondecode"},
        {"the same name twice", "github", "{\"a\":1,\"\\u0061\":2}",
         "X-GitHub-Event: issues", "7: value_error.jsondecode"},
        {"bytes that are not UTF-8", "stripe", "{\"type\":\"\xff\"}", NULL,
         "9: value_error.jsondecode"},
        {"a record's id that is too long", "stripe", NULL, NULL,
         "data.object.id|related_object.id: "
         "value_error.any_str.max_length"},
        {"an id with a NUL", "standard",
         "{\"type\":\"a.b\",\"data\":{\"id\":\"a\\u0000b\"}}", NULL,
         "data.id: value_error.str.nul"},
    };
    struct buf long_id = BUF_INIT(MAX);
    size_t i;

    buf_add_text(&long_id, "{\"type\":\"a.b\",\"data\":{\"object\":{\"id\":\"");
    for (i = 0; i <= INBOUND_RECORD_MAX; i++)
        buf_add_char(&long_id, 'x');
    buf_add_text(&long_id, "\",\"object\":\"o\"}}}");
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct source source = source_of(rows[i].provider);
        struct slice body =
            rows[i].body == NULL ? buf_slice(&long_id) : slice_of(rows[i].body);

        expect_problems(rows[i].claim,
                        read_as(&source, body, NULL, rows[i].header),
                        rows[i].want);
    }
    buf_free(&long_id);
}

static void
test_long_types(void)
{
    struct buf body = BUF_INIT(MAX);
    struct source source = source_of("stripe");
    size_t i, len;

    /* "stripe." and 248 letters are as much as a type may have. */
    for (len = 248; len <= 300; len += len == 248 ? 1 : 51) {
        buf_clear(&body);
        buf_add_text(&body, "{\"type\":\"");
        for (i = 0; i < len; i++)
            buf_add_char(&body, 'a');
        buf_add_text(&body, "\"}");
        expect_problems(
            "a long type", read_as(&source, buf_slice(&body), NULL, NULL),
            len == 248 ? "" : "type: value_error.any_str.max_length");
    }
    buf_free(&body);
}

static void
test_wrong_forms(void)
{
    struct source source = source_of("github");
    const char *header = "X-GitHub-Event: issues";

    expect_problems("a payload that is no JSON",
                    read_as(&source, SLICE("payload=%7B%22a"), FORM, header),
                    "payload: value_error.jsondecode");
    expect_problems("no payload", read_as(&source, SLICE("a=b"), FORM, header),
                    "");
    CU_ASSERT_EQUAL(read_as(&source, SLICE("{}"), "text/plain", header)->result,
                    INBOUND_WRONG_TYPE);
    source = source_of("stripe");
    CU_ASSERT_EQUAL(read_as(&source, SLICE("a=b"), FORM, NULL)->result,
                    INBOUND_WRONG_TYPE);
}

/* What the source's options say stands above what the provider's row says. */
static void
test_paths(void)
{
    static char kind[] = "meta.kind", at[] = "$.meta.at",
                ref[] = "items[0].ref", sku[] = "items[0].sku", doc[] = "doc",
                none[] = "nothing", header[] = "header:X-Kind",
                list[] = "items";
    struct buf body = golden_read("inbound_any_order.json");
    struct source source = source_of("hmac");
    struct source_options *options = &source.options;
    const struct outcome *got;

    got = read_as(&source, buf_slice(&body), NULL, NULL);
    expect_problems("no paths", got, "");
    CU_ASSERT_STRING_EQUAL(got->in.type, "hmac.event");
    CU_ASSERT_STRING_EQUAL(got->in.record_id, "");
    CU_ASSERT_EQUAL(got->in.action, INBOUND_OTHER);

    options->type_path = kind;
    options->record_path = ref;
    options->time_path = at;
    options->data_path = doc;
    got = read_as(&source, buf_slice(&body), NULL, NULL);
    expect_problems("paths", got, "");
    CU_ASSERT_STRING_EQUAL(got->in.type, "hmac.order/placed");
    CU_ASSERT_STRING_EQUAL(got->in.table, "order/placed");
    CU_ASSERT_STRING_EQUAL(got->in.record_id, "9007199254740993");
    CU_ASSERT_EQUAL(got->in.version_us, SENT_US);
    CU_ASSERT_EQUAL(got->in.action, INBOUND_UPDATE);
    CU_ASSERT(
        slice_is(got->in.data, "{\"ref\": 9007199254740993, \"total\": 1.10}"));

    options->table_path = sku;
    options->type_path = header;
    options->data_path = list;
    got = read_as(&source, buf_slice(&body), NULL, "X-Kind: order.created");
    CU_ASSERT_STRING_EQUAL(got->in.type, "hmac.order.created");
    CU_ASSERT_STRING_EQUAL(got->in.table, "a.b");
    CU_ASSERT_EQUAL(got->in.action, INBOUND_INSERT);
    CU_ASSERT_PTR_NULL(got->in.data.ptr); /* no record, but a list */

    /* What is not there is not there; the event is stored. */
    options->type_path = options->record_path = options->time_path = none;
    got = read_as(&source, buf_slice(&body), NULL, NULL);
    expect_problems("nothing there", got, "");
    CU_ASSERT_STRING_EQUAL(got->in.type, "hmac.event");
    CU_ASSERT_STRING_EQUAL(got->in.table, "a.b");
    CU_ASSERT_STRING_EQUAL(got->in.record_id, "");
    CU_ASSERT_EQUAL(got->in.action, INBOUND_OTHER);
    CU_ASSERT_FALSE(got->in.has_timestamp);
    CU_ASSERT_PTR_NULL(got->in.data.ptr);
    buf_free(&body);

    /* Above the row of a provider, too. */
    source = source_of("stripe");
    source.options.record_path = kind;
    got = read_as(&source, SLICE("{\"type\":\"a.b\",\"meta\":{\"kind\":1}}"),
                  NULL, NULL);
    CU_ASSERT_STRING_EQUAL(got->in.record_id, "1");
    CU_ASSERT_STRING_EQUAL(got->in.table, "a");
}

static void
test_form_of_anybody(void)
{
    static char kind[] = "kind", ref[] = "ref";
    struct buf body = golden_read("inbound_any.form");
    struct source source = source_of("token");
    const struct outcome *got;

    source.options.type_path = kind;
    source.options.record_path = ref;
    got = read_as(&source, buf_slice(&body), FORM, NULL);
    expect_problems("a form", got, "");
    CU_ASSERT_STRING_EQUAL(got->in.type, "token.order.placed");
    CU_ASSERT_STRING_EQUAL(got->in.record_id, "42");
    CU_ASSERT(slice_is(got->in.payload,
                       "{\"empty\":\"\",\"kind\":\"order.placed\","
                       "\"novalue\":\"\",\"ref\":\"42\","
                       "\"tag\":[\"a\",\"b\"]}"));
    buf_free(&body);
}

/* Who may send anything may send our own body. */
static void
test_own_body(void)
{
    static char kind[] = "event_type";
    struct source source = source_of("hmac");
    const struct outcome *got;

    got = read_as(&source, SLICE("{\"source\":\"hmac\"," INSERT REST "}"), NULL,
                  NULL);
    expect_problems("own", got, "");
    CU_ASSERT_STRING_EQUAL(got->in.type, "hmac.t.insert");
    expect_problems(
        "own, with a problem",
        read_as(&source,
                SLICE("{\"source\":\"hmac\"," INSERT "\"table_name\":\"t\"}"),
                NULL, NULL),
        "record_id: value_error.missing; "
        "data: value_error.missing");
    source.options.type_path = kind;
    got = read_as(&source, SLICE("{\"source\":\"x\"," INSERT REST "}"), NULL,
                  NULL);
    expect_problems("with a path it is anybody's", got, "");
    CU_ASSERT_STRING_EQUAL(got->in.type, "hmac.insert");
    source = source_of("stripe");
    expect_problems("not from Stripe",
                    read_as(&source,
                            SLICE("{\"source\":\"stripe\"," INSERT REST "}"),
                            NULL, NULL),
                    "type: value_error.missing");
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"documented bodies", test_documented_bodies},
        {"bodies that are cut off", test_bodies_that_are_cut_off},
        {"several headers", test_several_headers},
        {"types", test_types},
        {"wrong bodies", test_wrong_bodies},
        {"long types", test_long_types},
        {"wrong forms", test_wrong_forms},
        {"paths", test_paths},
        {"form of anybody", test_form_of_anybody},
        {"own body", test_own_body},
        CU_TEST_INFO_NULL,
    };

    return unit_run("inbound_provider", tests);
}
