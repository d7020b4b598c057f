/*
 * auth_form.h - the credentials of a subscription, as somebody wants them to
 * be: the object `auth`.
 */
#ifndef AUTH_FORM_H
#define AUTH_FORM_H

#include "problem.h"
#include "slice.h"
#include "subscription_form.h"

/*
 * object: a JSON object that json_read() has accepted. What endpoint_auth_read()
 * would not take, and a token URL that may not be reached, are problems at loc
 * ["body",field,MEMBER], all of them at once. Of an unknown type every member
 * of any type is known, and none is missing.
 */
void auth_form_check(const char *field, struct slice object,
                     const struct subscription_rules *rules,
                     struct problems *problems);

#endif /* AUTH_FORM_H */
