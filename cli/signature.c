/*
 * signature.c - `postern sign`: makes the signatures of a body, without a
 * database.
 */
#include "commands.h"

#include "clock.h"
#include "member.h"
#include "number.h"
#include "output.h"
#include "sign.h"
#include "signature_verify.h"

#include <stdio.h>
#include <string.h>

#define BODY_MAX (64 * 1024 * 1024)
#define LINE_MAX_BYTES 4096

struct subject {
    struct slice secret;
    const char *id;        /* Standard Webhooks, or NULL */
    const char *timestamp; /* or NULL */
    struct buf body;
};

static int
take_subject(struct cli *cli, struct subject *subject)
{
    const char *secret = args_value(&cli->args, "--secret");
    const char *file;
    int code;

    subject->secret = slice_of(secret);
    subject->id = args_value(&cli->args, "--id");
    subject->timestamp = args_value(&cli->args, "--timestamp");
    buf_init(&subject->body, BODY_MAX);
    file = args_word(&cli->args);
    code = cli_finish_args(cli);
    if (code != EXIT_OK)
        return code;
    if (secret == NULL || secret[0] == '\0')
        return output_error(EXIT_USE, "--secret is needed");
    return cli_read_input(file == NULL ? "-" : file, &subject->body);
}

static int
read_timestamp(const struct subject *subject, int64_t *timestamp_s)
{
    *timestamp_s = clock_wall_us() / CLOCK_US_PER_S;
    if (subject->timestamp == NULL ||
        number_i64(slice_of(subject->timestamp), 0, INT64_MAX, timestamp_s))
        return EXIT_OK;
    return output_error(EXIT_USE,
                        "--timestamp is in seconds since 1970, not "
                        "'%s'",
                        subject->timestamp);
}

static void
print_signature(const struct cli *cli, const struct subject *subject,
                int64_t timestamp_s)
{
    struct buf hex = BUF_INIT(LINE_MAX_BYTES);
    struct buf standard = BUF_INIT(LINE_MAX_BYTES);
    struct buf line = BUF_INIT(LINE_MAX_BYTES);

    sign_hex_header(subject->secret, buf_slice(&subject->body), &hex);
    if (subject->id != NULL)
        sign_standard_header(subject->secret, slice_of(subject->id),
                             timestamp_s, buf_slice(&subject->body), &standard);
    if (cli->json) {
        buf_add_char(&line, '{');
        member_text(&line, "x-webhook-signature", hex.data);
        if (subject->id != NULL) {
            member_text(&line, "webhook-id", subject->id);
            member_u64(&line, "webhook-timestamp", (uint64_t)timestamp_s);
            member_text(&line, "webhook-signature", standard.data);
        }
        buf_add_char(&line, '}');
        output_line(buf_slice(&line));
    } else {
        printf("X-Webhook-Signature: %s\n", hex.data);
        if (subject->id != NULL)
            printf("webhook-id: %s\nwebhook-timestamp: %lld\n"
                   "webhook-signature: %s\n",
                   subject->id, (long long)timestamp_s, standard.data);
    }
    buf_free(&hex);
    buf_free(&standard);
    buf_free(&line);
}

static int
run_sign(struct cli *cli)
{
    struct subject subject;
    int64_t timestamp_s;
    int code = take_subject(cli, &subject);

    if (code == EXIT_OK)
        code = read_timestamp(&subject, &timestamp_s);
    if (code == EXIT_OK)
        print_signature(cli, &subject, timestamp_s);
    buf_free(&subject.body);
    return code;
}

const struct command signature_commands[] = {
    {"sign", NULL, "--secret S [--id ID [--timestamp T]] [FILE]",
     "print the signature headers of a body (stdin without FILE)", run_sign},
    {"verify", NULL,
     "--secret S --signature SIG [--id ID --timestamp T [--any-time]] [FILE]",
     "check a signature of a body; exit code 1 if it is wrong",
     signature_verify},
    {"verify", NULL,
     "--scheme KIND [--header 'NAME: VALUE']... [--secret S]... "
     "[--secret-file FILE]... [--url URL] [--any-time] "
     "[--signature-header NAME] [--prefix TEXT] [--encoding hex|base64] "
     "[--digest sha256|sha512|sha1] [--signed-text TEXT] "
     "[--timestamp-header NAME] [--id-header NAME] [FILE]",
     "check a provider's signature: github, stripe, standard, ...",
     signature_verify},
    {NULL, NULL, NULL, NULL, NULL},
};
