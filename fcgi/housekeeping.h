/*
 * housekeeping.h - what a responder does beside answering: a fresh catalog,
 * idle connections closed, the node lease renewed, token use and refused
 * requests written down.
 */
#ifndef HOUSEKEEPING_H
#define HOUSEKEEPING_H

#include "app.h"

/* Once a second, until stop_fd becomes readable. */
void housekeeping_run(struct app *app, int stop_fd);

/* After the last answer: writes down what is left, gives the node back. Takes
   several times db_timeout_s if the database hangs. */
void housekeeping_end(struct app *app);

#endif /* HOUSEKEEPING_H */
