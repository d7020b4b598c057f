/*
 * source_form_verifier.h - the verifiers of a source as somebody wants them:
 * source_form.c's other half.
 */
#ifndef SOURCE_FORM_VERIFIER_H
#define SOURCE_FORM_VERIFIER_H

#include "source_form.h"

/* Fills form->verifiers and form->no_secrets; what is wrong is added at loc
   ["body",field,...]. */
void source_form_verifiers(struct source_form *form, const char *field,
                           struct json_value json, struct problems *problems);

#endif /* SOURCE_FORM_VERIFIER_H */
