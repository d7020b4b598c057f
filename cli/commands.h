/*
 * commands.h - the tables of commands, one for each group.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "command.h"

extern const struct command init_commands[];
extern const struct command migrate_commands[];
extern const struct command config_commands[];
extern const struct command application_commands[];
extern const struct command token_commands[];
extern const struct command source_commands[];
extern const struct command source_token_commands[];
extern const struct command source_sql_commands[];
extern const struct command webhook_commands[];
extern const struct command webhook_control_commands[];
extern const struct command event_commands[];
extern const struct command event_type_commands[];
extern const struct command event_catalogue_commands[];
extern const struct command event_history_commands[];
extern const struct command event_forget_commands[];
extern const struct command delivery_commands[];
extern const struct command replay_commands[];
extern const struct command outbox_commands[];
extern const struct command outbox_grant_commands[];
extern const struct command rejections_commands[];
extern const struct command records_commands[];
extern const struct command cleanup_commands[];
extern const struct command status_commands[];
extern const struct command signature_commands[];
extern const struct command simulate_commands[];

#endif /* COMMANDS_H */
