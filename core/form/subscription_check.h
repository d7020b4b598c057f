/*
 * subscription_check.h - what a table cannot say about the fields of a
 * subscription: for subscription_form.c alone.
 *
 * The functions of fields get a struct subscription_rules as context.
 */
#ifndef SUBSCRIPTION_CHECK_H
#define SUBSCRIPTION_CHECK_H

#include "subscription_form.h"

void subscription_check_headers(const struct body_value *value, void *context,
                                struct problems *problems);
void subscription_check_auth(const struct body_value *value, void *context,
                             struct problems *problems);
void subscription_check_certificate(const struct body_value *value,
                                    void *context, struct problems *problems);
void subscription_check_filter(const struct body_value *value, void *context,
                               struct problems *problems);
void subscription_check_source(const struct body_value *value, void *context,
                               struct problems *problems);

/* A template has to be what its type says, and a format that needs one has to
   have it. */
void subscription_check_template(const struct subscription_form *form,
                                 const struct subscription_rules *rules,
                                 struct problems *problems);

#endif /* SUBSCRIPTION_CHECK_H */
