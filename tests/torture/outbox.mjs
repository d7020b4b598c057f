// outbox.mjs - an application that emits events by SQL, inside transactions of
// its own: some it takes back, some it commits late.

import mysql from 'mysql2/promise';
import { pause } from '../func/lib/wait.mjs';

const PROBE_MS = 15_000;
const LATE_MS = [50, 1500];
const TYPE = 'outbox.created';

// Whether this gateway moves rows of `outbox`. The event is number 0, which
// nobody counts.
export async function outboxMoves(gateway) {
    const { sql } = gateway;
    await sql.rows("INSERT INTO outbox (event_type, payload) VALUES " +
        "('outbox.probe', '{\"n\":0}')");
    const end = Date.now() + PROBE_MS;
    while (Date.now() < end) {
        if (await sql.count('SELECT COUNT(*) FROM outbox') === 0)
            return gateway.drained(PROBE_MS);
        await pause(100);
    }
    await sql.rows('DELETE FROM outbox');
    return false;
}

export class OutboxWriter {
    constructor(options, ledger, random) {
        this.options = options; // of mysql2
        this.ledger = ledger;
        this.random = random;
    }

    // One transaction with some events, on a connection of its own.
    async send() {
        const { random } = this;
        const plan = { late: random.chance(0.3), back: random.chance(0.25) };
        let connection;
        try {
            connection = await mysql.createConnection(this.options);
            connection.on('error', () => {});
        } catch {
            await pause(random.between(50, 300)); // it is away
            return;
        }
        const entries = this.ledger.add(Array.from(
            { length: random.between(1, 5) }, () => ({ via: 'outbox',
                type: TYPE })));
        if (random.chance(0.3))
            for (const entry of entries)
                entry.id = `outbox-${entry.n}`;
        this.ledger.settle(entries, await this.transact(connection, entries,
            plan));
        connection.destroy();
    }

    // The state in which the entries end.
    async transact(connection, entries, { late, back }) {
        try {
            await connection.query('START TRANSACTION');
            await this.insert(connection, entries);
            if (late)
                await pause(this.random.between(...LATE_MS));
            if (back) {
                await connection.query('ROLLBACK');
                return 'rolled_back';
            }
        } catch {
            return 'rolled_back'; // nothing was committed
        }
        try {
            await connection.query('COMMIT');
            return 'acknowledged';
        } catch (error) {
            return error.fatal ? 'unknown' : 'rolled_back';
        }
    }

    async insert(connection, entries) {
        const values = entries.map((entry) => [entry.type,
            JSON.stringify({ n: entry.n }), entry.id]);
        // The application repeats itself.
        if (entries[0].id !== null && this.random.chance(0.3))
            values.push(values[0]);
        await connection.query('INSERT INTO outbox (event_type, payload, ' +
            'external_id) VALUES ?', [values]);
    }
}
