/*
 * commands.c - every group of commands, in the order --help shows them.
 */
#include "commands.h"

const struct command *const command_tables[] = {
    init_commands,
    migrate_commands,
    config_commands,
    application_commands,
    token_commands,
    source_commands,
    source_token_commands,
    source_sql_commands,
    webhook_commands,
    webhook_control_commands,
    event_commands,
    event_history_commands,
    event_forget_commands,
    event_type_commands,
    event_catalogue_commands,
    delivery_commands,
    replay_commands,
    outbox_commands,
    outbox_grant_commands,
    rejections_commands,
    records_commands,
    cleanup_commands,
    status_commands,
    signature_commands,
    simulate_commands,
    NULL,
};
