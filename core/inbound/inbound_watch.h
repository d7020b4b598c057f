/*
 * inbound_watch.h - what a source watches: the names of databases, and who has
 * to be asked for one.
 *
 * A source's list (option `watch`) has ids or names. Ids are compared without
 * dashes and letter case, names exactly. Events of Notion carry ids alone, so
 * for a name in the list the database's name has to be known: those who can ask
 * for it put it down, and read it into a struct inbound_names.
 *
 * Looked for in the list are
 *   Notion     the database or page that something lies in, its data source,
 *              the page that a comment is about, the thing itself
 *   the others the table ("users" is "public.users" as well), and what a
 *              provider calls by name: GitHub's repository, GitLab's project,
 *              Slack's channel, ... (inbound_provider.c)
 *
 * In `watch_types` a pattern may leave the source's name out; for Notion
 * page.updated stands for page.content_updated and page.properties_updated,
 * database.updated for the same of databases and data sources, with their
 * schema.
 */
#ifndef INBOUND_WATCH_H
#define INBOUND_WATCH_H

#include "inbound.h"
#include "inbound_id.h"

#include <stdbool.h>
#include <stdint.h>

#define INBOUND_NAMES_MAX 20000 /* more are not remembered */

struct inbound_names;

struct inbound_names *inbound_names_new(void);
void inbound_names_free(struct inbound_names *names); /* NULL is fine */

/* The last name given is the one. An id may be written in any way; a name that
   is absent is taken as known to be nobody's: the source has no such thing. */
void inbound_names_add(struct inbound_names *names, uint32_t source_id,
                       struct slice id, struct slice name);

/* Absent: not known. Empty: known to have none. names may be NULL. */
struct slice inbound_names_find(const struct inbound_names *names,
                                uint32_t source_id, struct slice id);

/* True if nobody can tell whether the event is watched before the name of
   that database (or data source) is known: inbound_ignored() lets it pass.
   entity is set to "database" or "data_source". */
bool inbound_unnamed(const struct source *source, const struct inbound *in,
                     const struct inbound_names *names,
                     char id[INBOUND_ID_LEN + 1], const char **entity)
    __attribute__((warn_unused_result));

#endif /* INBOUND_WATCH_H */
