/*
 * subscription_check.c - what a table cannot say about the fields of a
 * subscription.
 */
#include "subscription_check.h"

#include "auth_form.h"
#include "client_cert.h"
#include "filter.h"
#include "format.h"
#include "header_allowed.h"
#include "template.h"

#include <string.h>
#include <strings.h>

static struct slice
text_of(const struct body_value *value)
{
    return slice_make(value->text, value->text_len);
}

static bool
is_repeated(const struct body_value *value, size_t index)
{
    size_t i;

    for (i = 0; i < index; i++) {
        if (strcasecmp(value->items[i].name, value->items[index].name) == 0)
            return true;
    }
    return false;
}

static void
check_header(const struct body_value *value, size_t index,
             struct problems *problems)
{
    const struct body_item *item = &value->items[index];
    enum header_verdict verdict =
        header_allowed(slice_make(item->name, item->name_len));

    if (verdict != HEADER_ALLOWED)
        problem_add(problems, value->name, item->name,
                    verdict == HEADER_NOT_A_NAME
                        ? "value_error.header.name"
                        : "value_error.header.reserved",
                    "%s", header_verdict_text(verdict));
    else if (is_repeated(value, index))
        problem_add(problems, value->name, item->name,
                    "value_error.header.reserved",
                    "this header is set already");
    else if (!header_value_allowed(slice_make(item->text, item->text_len)))
        problem_add(problems, value->name, item->name,
                    "value_error.header.value", "invalid header value");
}

void
subscription_check_headers(const struct body_value *value, void *context,
                           struct problems *problems)
{
    size_t i, bytes = 0;

    (void)context;
    for (i = 0; i < value->item_count; i++) {
        bytes += value->items[i].name_len + value->items[i].text_len;
        check_header(value, i, problems);
    }
    if (bytes > SUBSCRIPTION_HEADERS_MAX)
        problem_add(problems, value->name, NULL, "value_error.dict.max_bytes",
                    "ensure this value has at most %d bytes",
                    SUBSCRIPTION_HEADERS_MAX);
}

void
subscription_check_auth(const struct body_value *value, void *context,
                        struct problems *problems)
{
    auth_form_check(value->name, value->raw, context, problems);
}

void
subscription_check_certificate(const struct body_value *value, void *context,
                               struct problems *problems)
{
    struct buf shown = BUF_INIT(CLIENT_CERT_SHOWN_MAX);
    struct buf why = BUF_INIT(CLIENT_CERT_WHY_MAX);

    (void)context;
    if (!client_cert_check(text_of(value), &shown, &why))
        problem_add(problems, value->name, NULL, "value_error.certificate",
                    "%s", why.data);
    buf_free(&shown);
    buf_free(&why);
}

void
subscription_check_filter(const struct body_value *value, void *context,
                          struct problems *problems)
{
    struct buf why = BUF_INIT(FILTER_WHY_MAX);
    struct filter *filter = filter_compile(value->raw, &why);

    (void)context;
    if (filter == NULL)
        problem_add(problems, value->name, NULL, "value_error.filter", "%s",
                    why.data);
    filter_free(filter);
    buf_free(&why);
}

void
subscription_check_source(const struct body_value *value, void *context,
                          struct problems *problems)
{
    (void)context;
    if (!format_source_valid(text_of(value)))
        problem_add(problems, value->name, NULL, "value_error.uri",
                    "must be a URI reference (RFC 3986)");
}

static bool
is_template(const struct subscription_form *form)
{
    const struct body_value *format = &form->value[FORM_FORMAT];

    return format->given &&
           strcmp(subscription_form_word(form, FORM_FORMAT), "template") == 0;
}

/* The rest of a part is not known here: what depends on each other has to come
   together. */
static void
check_together(const struct subscription_form *form,
               const struct subscription_rules *rules,
               struct problems *problems)
{
    const struct body_value *text = &form->value[FORM_TEMPLATE];
    const struct body_value *type = &form->value[FORM_TEMPLATE_TYPE];
    const struct body_value *format = &form->value[FORM_FORMAT];

    if (is_template(form) && !text->given)
        problem_add(problems, "template", NULL, "value_error.template",
                    "format template needs a template beside it");
    else if (text->null && rules->part && !format->given && !format->null)
        problem_add(problems, "template", NULL, "value_error.template",
                    "it can be removed only together with a change of format");
    if (type->given && !text->given)
        problem_add(problems, "template_type", NULL, "value_error.template",
                    "belongs to a template, which is not given");
}

void
subscription_check_template(const struct subscription_form *form,
                            const struct subscription_rules *rules,
                            struct problems *problems)
{
    const struct body_value *text = &form->value[FORM_TEMPLATE];
    const struct body_value *type = &form->value[FORM_TEMPLATE_TYPE];
    enum template_kind kind = TEMPLATE_JSON;
    struct buf why = BUF_INIT(TEMPLATE_WHY_MAX);

    check_together(form, rules, problems);
    if (type->given &&
        strcmp(subscription_form_word(form, FORM_TEMPLATE_TYPE), "text") == 0)
        kind = TEMPLATE_TEXT;
    if (text->given && !template_check(text_of(text), kind, &why))
        problem_add(problems, "template", NULL, "value_error.template", "%s",
                    why.data);
    buf_free(&why);
}
