/*
 * signature_verify.c - `postern verify`: checks a body as a source would,
 * without a database.
 */
#include "signature_verify.h"

#include "clock.h"
#include "output.h"
#include "verify.h"

#include <stdio.h>
#include <string.h>

#define BODY_MAX (64 * 1024 * 1024)
#define SECRET_MAX 4096 /* bytes of a file with a secret */
#define SECRETS_MAX 8
#define HEADERS_MAX 32
#define KINDS_BYTES 1024 /* of the names of all kinds */

struct given {
    struct slice name;
    struct slice value;
};

/* What the command line says of one request. */
struct request_given {
    struct verifier verifier;
    struct given headers[HEADERS_MAX];
    size_t header_count;
    struct slice secrets[SECRETS_MAX];
    struct buf files[SECRETS_MAX]; /* secrets that were read */
    size_t secret_count;
    const char *url;
    struct buf body;
};

static struct slice
header_of(void *arg, const char *name)
{
    const struct request_given *given = arg;
    struct slice value = SLICE_NONE;
    size_t i;

    for (i = 0; i < given->header_count; i++) {
        if (!slice_is_nocase(given->headers[i].name, name))
            continue;
        if (value.ptr != NULL)
            return VERIFY_SEVERAL;
        value = given->headers[i].value;
    }
    return value;
}

static int
add_header(struct request_given *given, struct slice name, struct slice value)
{
    if (given->header_count == HEADERS_MAX)
        return output_error(EXIT_USE, "at most %d headers can be given",
                            HEADERS_MAX);
    given->headers[given->header_count++] = (struct given){name, value};
    return EXIT_OK;
}

/* "Name: value" */
static int
take_headers(struct cli *cli, struct request_given *given)
{
    const char *line;
    int code = EXIT_OK;

    while (code == EXIT_OK &&
           (line = args_value(&cli->args, "--header")) != NULL) {
        const char *colon = strchr(line, ':');

        if (colon == NULL || colon == line)
            return output_error(EXIT_USE, "--header is 'Name: value', not '%s'",
                                line);
        code = add_header(given, slice_make(line, (size_t)(colon - line)),
                          slice_trim(slice_of(colon + 1)));
    }
    return code;
}

static int
add_secret(struct request_given *given, struct slice secret)
{
    if (given->secret_count == SECRETS_MAX)
        return output_error(EXIT_USE, "at most %d secrets can be given",
                            SECRETS_MAX);
    if (secret.len == 0)
        return output_error(EXIT_USE, "the secret is empty");
    given->secrets[given->secret_count++] = secret;
    return EXIT_OK;
}

static int
take_secrets(struct cli *cli, struct request_given *given)
{
    const char *text;
    int code = EXIT_OK;
    size_t files = 0;

    while (code == EXIT_OK &&
           (text = args_value(&cli->args, "--secret")) != NULL)
        code = add_secret(given, slice_of(text));
    while (code == EXIT_OK &&
           (text = args_value(&cli->args, "--secret-file")) != NULL) {
        if (files == SECRETS_MAX)
            return output_error(EXIT_USE, "at most %d secrets can be given",
                                SECRETS_MAX);
        code = cli_read_input(text, &given->files[files]);
        if (code == EXIT_OK)
            code =
                add_secret(given, slice_trim(buf_slice(&given->files[files])));
        files++;
    }
    return code;
}

static const struct {
    const char *option;
    size_t member; /* of struct verifier, a const char * */
} texts[] = {
    {"--signature-header", offsetof(struct verifier, header)},
    {"--prefix", offsetof(struct verifier, prefix)},
    {"--signed-text", offsetof(struct verifier, signed_text)},
    {"--timestamp-header", offsetof(struct verifier, timestamp_header)},
    {"--id-header", offsetof(struct verifier, id_header)},
};

static const struct {
    const char *name;
    enum verify_digest digest;
} digests[] = {
    {"sha256", VERIFY_SHA256},
    {"sha512", VERIFY_SHA512},
    {"sha1", VERIFY_SHA1},
};

static int
take_digest(const char *name, struct verifier *verifier)
{
    size_t i;

    for (i = 0; name != NULL && i < sizeof(digests) / sizeof(digests[0]); i++) {
        if (strcmp(digests[i].name, name) != 0)
            continue;
        verifier->digest = digests[i].digest;
        return EXIT_OK;
    }
    return name == NULL
               ? EXIT_OK
               : output_error(EXIT_USE, "--digest is sha256, sha512 or sha1");
}

static int
take_verifier(struct cli *cli, struct verifier *verifier)
{
    const char *encoding = args_value(&cli->args, "--encoding");
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *value = args_value(&cli->args, texts[i].option);

        memcpy((char *)verifier + texts[i].member, &value, sizeof(value));
    }
    if (encoding != NULL && strcmp(encoding, "hex") != 0 &&
        strcmp(encoding, "base64") != 0)
        return output_error(EXIT_USE, "--encoding is hex or base64");
    verifier->base64 = encoding != NULL && encoding[0] == 'b';
    return take_digest(args_value(&cli->args, "--digest"), verifier);
}

/* --signature alone is X-Webhook-Signature; with --id it is Standard
   Webhooks'. */
static int
take_signature(struct cli *cli, struct request_given *given)
{
    const char *signature = args_value(&cli->args, "--signature");
    const char *id = args_value(&cli->args, "--id");
    const char *timestamp = args_value(&cli->args, "--timestamp");

    if (given->verifier.kind != NULL)
        return signature == NULL && id == NULL && timestamp == NULL
                   ? EXIT_OK
                   : output_error(EXIT_USE,
                                  "with --scheme, signatures are given as "
                                  "--header 'Name: value'");
    if (signature == NULL)
        return output_error(EXIT_USE, "--signature or --scheme is needed");
    if (id == NULL) {
        given->verifier.kind = "hmac";
        given->verifier.header = "X-Webhook-Signature";
        given->verifier.prefix = "sha256=";
        given->verifier.prefix_optional = true;
        return add_header(given, SLICE("X-Webhook-Signature"),
                          slice_of(signature));
    }
    if (timestamp == NULL)
        return output_error(EXIT_USE, "--id goes with --timestamp");
    given->verifier.kind = "standard";
    (void)add_header(given, SLICE("webhook-id"), slice_of(id));
    (void)add_header(given, SLICE("webhook-timestamp"), slice_of(timestamp));
    return add_header(given, SLICE("webhook-signature"), slice_of(signature));
}

static bool
signs_url(const struct verifier *verifier)
{
    return strcmp(verifier->kind, "twilio") == 0 ||
           (verifier->signed_text != NULL &&
            strstr(verifier->signed_text, "{url}") != NULL);
}

static int
check_kind(const char *kind)
{
    struct buf kinds = BUF_INIT(KINDS_BYTES);
    const char *known;
    int code = EXIT_OK;
    size_t i;

    for (i = 0; (known = verifier_kind(i)) != NULL; i++) {
        if (strcmp(known, kind) == 0)
            goto out;
        buf_addf(&kinds, "%s%s", i == 0 ? "" : ", ", known);
    }
    code = output_error(EXIT_USE,
                        "--scheme %s: there is no such kind; it is "
                        "one of %s",
                        kind, kinds.data);
out:
    buf_free(&kinds);
    return code;
}

/* Says of a configuration what a refusal would hide. */
static int
check_given(const struct request_given *given)
{
    const char *problem = verifier_problem(&given->verifier);
    int code = check_kind(given->verifier.kind);
    size_t i;

    if (code != EXIT_OK)
        return code;
    if (problem != NULL)
        return output_error(EXIT_USE, "--scheme %s: %s", given->verifier.kind,
                            problem);
    if (given->url == NULL && signs_url(&given->verifier))
        return output_error(EXIT_USE,
                            "--scheme %s needs --url: the URL that the sender "
                            "has called",
                            given->verifier.kind);
    if (given->secret_count == 0)
        return output_error(EXIT_USE, "--secret or --secret-file is needed");
    for (i = 0; i < given->secret_count; i++)
        if (!verifier_takes_secret(&given->verifier, given->secrets[i]))
            return output_error(EXIT_USE,
                                "--scheme %s cannot use that secret: it is "
                                "not of the form that the provider shows",
                                given->verifier.kind);
    return EXIT_OK;
}

static int
take_request(struct cli *cli, struct request_given *given)
{
    const char *file;
    int code;

    given->verifier.kind = args_value(&cli->args, "--scheme");
    given->url = args_value(&cli->args, "--url");
    if (args_flag(&cli->args, "--any-time"))
        given->verifier.window_s = VERIFY_ANY_TIME;
    code = take_verifier(cli, &given->verifier);
    if (code == EXIT_OK)
        code = take_headers(cli, given);
    if (code == EXIT_OK)
        code = take_signature(cli, given);
    if (code == EXIT_OK)
        code = take_secrets(cli, given);
    file = args_word(&cli->args);
    if (code == EXIT_OK)
        code = cli_finish_args(cli);
    if (code == EXIT_OK)
        code = check_given(given);
    return code == EXIT_OK
               ? cli_read_input(file == NULL ? "-" : file, &given->body)
               : code;
}

static int
print_result(const struct cli *cli, enum verify_result result)
{
    if (cli->json)
        printf("{\"valid\":%s,\"result\":\"%s\"}\n",
               result == VERIFY_OK ? "true" : "false",
               verify_result_name(result));
    else if (result == VERIFY_OK)
        output_note("the signature is right");
    if (result == VERIFY_OK)
        return EXIT_OK;
    return output_error(EXIT_UNHEALTHY, "the signature is not right: %s",
                        verify_result_name(result));
}

int
signature_verify(struct cli *cli)
{
    struct request_given given = {.header_count = 0};
    struct verify_message message = {.header = header_of, .arg = &given};
    size_t i;
    int code;

    buf_init(&given.body, BODY_MAX);
    for (i = 0; i < SECRETS_MAX; i++)
        buf_init(&given.files[i], SECRET_MAX);
    code = take_request(cli, &given);
    if (code == EXIT_OK) {
        given.verifier.secrets = given.secrets;
        given.verifier.secret_count = given.secret_count;
        message.body = buf_slice(&given.body);
        message.url = slice_of(given.url);
        message.now_us = clock_wall_us();
        code = print_result(cli,
                            verify_message(&given.verifier, 1, &message, NULL));
    }
    buf_free(&given.body);
    for (i = 0; i < SECRETS_MAX; i++)
        buf_wipe(&given.files[i]);
    return code;
}
