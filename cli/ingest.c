/*
 * ingest.c - one event, stored as the gateway would; see ingest.h.
 */
#include "ingest.h"

#include "commit.h"
#include "doorbell.h"
#include "node.h"

int
cli_ingest(struct cli *cli, struct catalog *catalog, struct new_event *event)
{
    struct doorbell *doorbell;
    struct committer *committer;
    struct id_source ids;
    struct node node;
    enum db_result result = node_lease(cli->db, NODE_CLI, &node, &ids);
    int code = EXIT_OK;

    if (result != DB_OK)
        return cli_db_error(cli, result, "get a node number");
    doorbell = doorbell_new(cli->settings.run_dir);
    committer = commit_new(&cli->settings, catalog, &ids, doorbell);
    result = commit_events(committer, event, 1);
    if (result != DB_OK)
        code = cli_db_error(cli, result, "store the event");
    commit_free(committer);
    doorbell_free(doorbell);
    node_release(cli->db, &node);
    return code;
}
