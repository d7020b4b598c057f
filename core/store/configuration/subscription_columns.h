/*
 * subscription_columns.h - what a form says about a subscription, as columns of
 * its row.
 */
#ifndef SUBSCRIPTION_COLUMNS_H
#define SUBSCRIPTION_COLUMNS_H

#include "buf.h"
#include "subscription_form.h"

/* Appends ", url = '...', active = 1" for what is given; a null stands for the
   default. Events, and what is sealed, are not among them. */
void subscription_columns_add(struct buf *sql,
                              const struct subscription_form *form);

#endif /* SUBSCRIPTION_COLUMNS_H */
