// machine.mjs - what the figures depend on: the machine by its properties, and
// how the database is set up.

import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os';

// What a durable commit costs is decided by these.
const VARIABLES = ['version', 'innodb_flush_log_at_trx_commit',
    'innodb_flush_method', 'innodb_buffer_pool_size', 'innodb_log_file_size',
    'sync_binlog', 'log_bin'];

function filesystem() {
    try {
        return execFileSync('stat', ['-f', '-c', '%T', tmpdir()],
            { encoding: 'utf8' }).trim();
    } catch {
        return 'unknown';
    }
}

export function describeMachine() {
    return {
        cpus: cpus().length,
        model: cpus()[0]?.model ?? 'unknown',
        memory_gb: Math.round(totalmem() / 2 ** 30),
        kernel: release(),
        filesystem: filesystem(),
        load_before: loadavg()[0],
    };
}

export async function describeDatabase(sql) {
    const rows = await sql.rows('SHOW GLOBAL VARIABLES WHERE Variable_name ' +
        `IN (${VARIABLES.map((name) => `'${name}'`).join(', ')})`);
    return Object.fromEntries(rows.map((row) =>
        [row.Variable_name, row.Value]));
}

export function machineLines(machine) {
    const { database } = machine;
    const lines = [
        `${machine.cpus} CPUs, ${machine.model}, ${machine.memory_gb} GB, ` +
            `Linux ${machine.kernel}, ${machine.filesystem}; load before ` +
            `the run ${machine.load_before.toFixed(1)}`,
    ];
    if (database)
        lines.push(`MariaDB ${database.version}, ` +
            VARIABLES.filter((name) => name !== 'version' && name in database)
                .map((name) => `${name} = ${database[name]}`).join(', '));
    return lines;
}
