/*
 * simulate.c - `postern simulate`: sends what a provider would send to a running
 * gateway, correctly signed.
 */
#include "simulate.h"

#include "alloc.h"
#include "clock.h"
#include "commands.h"
#include "http_client.h"
#include "member.h"
#include "number.h"
#include "output.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_MAX 8192
#define SECRET_MAX 1024
#define URL_MAX 2048
#define WHY_MAX 1024
#define TIMEOUT_S 20 /* unless it is given */
#define TIMEOUT_MAX_S 300

/* One provider that can be simulated. */
struct simulated {
    const char *provider;
    int (*body)(struct cli *cli, struct buf *body);
};

struct simulation {
    const char *source;
    const char *url; /* as given, or NULL */
    bool dry;        /* show it, send nothing */
    uint64_t timeout_s;
    struct buf secret; /* empty: the source's own */
    struct buf target;
    struct buf headers;
    struct buf body;
};

void
simulate_uuid(char out[37])
{
    uint8_t b[16];

    random_bytes(b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    snprintf(out, 37,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x"
             "%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
             b[11], b[12], b[13], b[14], b[15]);
}

static int
take_secret(struct cli *cli, struct buf *secret)
{
    const char *value = args_value(&cli->args, "--secret");
    struct buf line = BUF_INIT(SECRET_MAX);
    int code = EXIT_OK;

    if (args_flag(&cli->args, "--secret-stdin")) {
        code = value != NULL
                   ? output_error(EXIT_USE, "--secret and --secret-stdin "
                                            "exclude each other")
                   : cli_read_input("-", &line);
        if (code == EXIT_OK)
            buf_add_slice(secret, slice_trim(buf_slice(&line)));
    } else if (value != NULL) {
        buf_add_text(secret, value);
    }
    buf_wipe(&line);
    if (code == EXIT_OK && !buf_ok(secret))
        code = output_error(EXIT_DATA, "the secret is too long");
    return code;
}

static int
take_timeout(struct cli *cli, uint64_t *timeout_s)
{
    const char *text = args_value(&cli->args, "--timeout");

    *timeout_s = TIMEOUT_S;
    if (text == NULL || (number_u64(slice_of(text), TIMEOUT_MAX_S, timeout_s) &&
                         *timeout_s > 0))
        return EXIT_OK;
    return output_error(EXIT_USE, "--timeout takes 1 to %d seconds, not '%s'",
                        TIMEOUT_MAX_S, text);
}

/* A URL that has no path, or ends in '/', is the gateway's; else it is the
   receiver's. */
static void
make_target(const struct cli *cli, struct simulation *sim)
{
    const char *given = sim->url != NULL ? sim->url : getenv("POSTERN_URL");
    const char *host, *path;

    if (given == NULL || given[0] == '\0') {
        buf_addf(&sim->target, "http://%s:%d%s", cli->settings.host,
                 cli->settings.port, cli->settings.base_path);
    } else {
        buf_add_text(&sim->target, given);
        host = strstr(given, "://");
        path = host == NULL ? NULL : strpbrk(host + 3, "/?");
        if (path != NULL && given[strlen(given) - 1] != '/')
            return;
        if (path != NULL)
            sim->target.len--;
    }
    buf_add_text(&sim->target, "/api/v1/webhooks/");
    buf_add_text(&sim->target, sim->source);
}

static int
exit_code_of(unsigned status)
{
    if (status >= 200 && status < 300)
        return EXIT_OK;
    return status == 429 || status >= 500 ? EXIT_LATER : EXIT_UNHEALTHY;
}

static int
print_answer(const struct cli *cli, const struct http_answer *answer)
{
    struct buf line = BUF_INIT(HTTP_BODY_MAX * 7);

    if (cli->json) {
        buf_add_char(&line, '{');
        member_u64(&line, "status", answer->status);
        member_slice(&line, "body", buf_slice(&answer->body));
        buf_add_char(&line, '}');
    } else {
        buf_addf(&line, "%u ", answer->status);
        buf_add_slice(&line, slice_trim(buf_slice(&answer->body)));
    }
    output_line(buf_slice(&line));
    buf_free(&line);
    return exit_code_of(answer->status);
}

static int
send_it(const struct cli *cli, const struct simulation *sim)
{
    const struct http_request request = {
        .url = buf_slice(&sim->target),
        .headers = buf_slice(&sim->headers),
        .body = buf_slice(&sim->body),
        .ca_file = cli->settings.ca_bundle,
        .timeout_us = (int64_t)sim->timeout_s * CLOCK_US_PER_S,
    };
    struct buf why = BUF_INIT(WHY_MAX);
    struct http_answer answer;
    int code;

    if (http_post(&request, &answer, &why)) {
        code = print_answer(cli, &answer);
        buf_free(&answer.body);
    } else {
        code = output_error(EXIT_UNREACHABLE,
                            "no answer from %s: %s; is the gateway there? "
                            "(--url says where)",
                            sim->target.data, why.data);
    }
    buf_free(&why);
    return code;
}

/* "Name: value" CR LF ... as members. */
static void
add_headers(struct buf *line, struct slice headers)
{
    member_name(line, "headers");
    buf_add_char(line, '{');
    while (headers.len > 0) {
        const char *end = memchr(headers.ptr, '\n', headers.len);
        const char *colon = memchr(headers.ptr, ':', headers.len);
        char *name = xstrndup(headers.ptr, (size_t)(colon - headers.ptr));

        member_slice(
            line, name,
            slice_trim(slice_make(colon + 1, (size_t)(end - colon - 1))));
        free(name);
        headers.len -= (size_t)(end + 1 - headers.ptr);
        headers.ptr = end + 1;
    }
    buf_add_char(line, '}');
}

static void
show_json(const struct simulation *sim)
{
    struct buf line = BUF_INIT((HEADERS_MAX + SIMULATE_BODY_MAX) * 7);

    buf_add_char(&line, '{');
    member_text(&line, "method", "POST");
    member_slice(&line, "url", buf_slice(&sim->target));
    add_headers(&line, buf_slice(&sim->headers));
    member_slice(&line, "body", buf_slice(&sim->body));
    buf_add_char(&line, '}');
    output_line(buf_slice(&line));
    buf_wipe(&line);
}

static int
show_it(const struct cli *cli, const struct simulation *sim)
{
    if (cli->json) {
        show_json(sim);
        return EXIT_OK;
    }
    printf("POST %s\n", sim->target.data);
    fwrite(sim->headers.data, 1, sim->headers.len, stdout);
    printf("\n");
    output_line(buf_slice(&sim->body));
    return EXIT_OK;
}

static int
prepare(struct cli *cli, const struct simulated *what, struct simulation *sim)
{
    int code;

    sim->url = args_value(&cli->args, "--url");
    sim->source = args_value(&cli->args, "--source");
    sim->dry = args_flag(&cli->args, "--dry-run");
    if (sim->source == NULL)
        sim->source = what->provider;
    code = take_secret(cli, &sim->secret);
    if (code == EXIT_OK)
        code = take_timeout(cli, &sim->timeout_s);
    if (code == EXIT_OK)
        code = what->body(cli, &sim->body);
    if (code == EXIT_OK)
        code = cli_finish_args(cli);
    if (code == EXIT_OK && !buf_ok(&sim->body))
        code = output_error(EXIT_DATA, "the body is larger than %d bytes",
                            SIMULATE_BODY_MAX);
    if (code == EXIT_OK)
        code = cli_settings(cli);
    if (code != EXIT_OK)
        return code;
    make_target(cli, sim);
    buf_add_text(&sim->headers, "Content-Type: application/json\r\n");
    return simulate_sign(cli, sim->source, what->provider,
                         sim->secret.len > 0 ? sim->secret.data : NULL,
                         buf_slice(&sim->body), &sim->headers);
}

static int
run(struct cli *cli, const struct simulated *what)
{
    struct simulation sim = {
        .secret = BUF_INIT(SECRET_MAX),
        .target = BUF_INIT(URL_MAX),
        .headers = BUF_INIT(HEADERS_MAX),
        .body = BUF_INIT(SIMULATE_BODY_MAX),
    };
    int code = prepare(cli, what, &sim);

    if (code == EXIT_OK && !buf_ok(&sim.target))
        code = output_error(EXIT_USE, "the URL is too long");
    if (code == EXIT_OK)
        code = sim.dry ? show_it(cli, &sim) : send_it(cli, &sim);
    buf_wipe(&sim.secret);
    buf_free(&sim.target);
    buf_wipe(&sim.headers);
    buf_free(&sim.body);
    return code;
}

static int
run_notion(struct cli *cli)
{
    return run(cli, &(struct simulated){"notion", simulate_notion_body});
}

static int
run_supabase(struct cli *cli)
{
    return run(cli, &(struct simulated){"supabase", simulate_supabase_body});
}

#define WHERE                                                                  \
    "[--source NAME] [--url URL] [--secret S | --secret-stdin] [--timeout S] " \
    "[--dry-run]"

const struct command simulate_commands[] = {
    {"simulate", "notion",
     "TYPE --page ID [--database ID] [--data-source ID] [--comment ID] "
     "[--id EVENT] [--attempt N] " WHERE,
     "send what Notion would send, signed, to a running gateway: "
     "page.updated, page.deleted, ...",
     run_notion},
    {"simulate", "supabase",
     "INSERT|UPDATE|DELETE --table T --record JSON [--old-record JSON] "
     "[--schema S] " WHERE,
     "send what a Supabase trigger would send; JSON may be @FILE or - "
     "(stdin)",
     run_supabase},
    {NULL, NULL, NULL, NULL, NULL},
};
