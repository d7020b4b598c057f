/*
 * template_impl.h - what the files of template.h share. Included by them only.
 */
#ifndef TEMPLATE_IMPL_H
#define TEMPLATE_IMPL_H

#include "json.h"
#include "template.h"

#include <stdint.h>

enum part_kind {
    PART_TEXT,    /* stands in the template */
    PART_LITERAL, /* {{"text"}} */
    PART_ID,      /* {{id}} ... */
    PART_TYPE,
    PART_TIMESTAMP,
    PART_VALUE /* {{data...}}, {{metadata...}} */
};

struct part {
    enum part_kind kind;
    bool json;         /* {{json ...}} */
    size_t offset;     /* in the template */
    struct slice text; /* PART_TEXT; PART_LITERAL: with its quotes */
    uint16_t node;     /* PART_VALUE */
};

#define NO_NODE UINT16_MAX
#define NO_INDEX UINT32_MAX

/* The paths as a tree, so that one walk over an event finds all values. */
struct node {
    struct slice name; /* decoded */
    uint32_t index;    /* as an item of a list; NO_INDEX: the name is none */
    uint16_t child;    /* the first one, or NO_NODE */
    uint16_t sibling;  /* the next one, or NO_NODE */
};

#define NODE_DATA 0
#define NODE_METADATA 1

#define PARTS_MAX (2 * TEMPLATE_PLACES + 1)

struct template
{
    enum template_kind kind;
    char *text;       /* owned copy that parts point into */
    struct buf names; /* of nodes; never moves */
    struct part *parts;
    size_t part_count;
    struct node *nodes;
    size_t node_count;
};

/* Takes tmpl->text (len bytes) apart. False: *why says where and what. */
bool template_parse(struct template *tmpl, size_t len, struct buf *why)
    __attribute__((warn_unused_result));

/* Does it give JSON for every event? False: *why says where and what. */
bool template_gives_json(const struct template *tmpl, struct buf *why)
    __attribute__((warn_unused_result));

/* Appends what a part stands for when its value is that one; an absent text is
   no value. */
void template_put(const struct template *tmpl, const struct part *part,
                  struct json_value value, struct buf *out);

/* "line 2, column 14: " of a byte of the template. */
void template_say_where(const struct template *tmpl, size_t offset,
                        struct buf *why);

#endif /* TEMPLATE_IMPL_H */
