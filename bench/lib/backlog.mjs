// backlog.mjs - jobs for subscriptions, many at once, straight into the table;
// and what a backlog costs those who do not have one.

import { closedPort, trigger } from '../../tests/func/lib/gateway.mjs';
import { drainOnce, fill, SUBSCRIPTIONS } from './drain.mjs';
import { check, idAt, withGateway } from './gateway.mjs';

const CHUNK = 100_000; // rows in a statement

// What core/lane.h says of a subscription's lane.
function laneOf(id) {
    const lane = BigInt(id) << 32n;
    const shard = BigInt.asUintN(64,
        BigInt(id) * 8n * 0x9e3779b97f4a7c15n) >> 58n;
    return { lane, shard };
}

export class Backlog {
    // All its jobs are of one event, which has no number: the sink does not
    // count it among those it is asked about.
    static async of(gateway) {
        const backlog = new Backlog();
        backlog.gateway = gateway;
        // Ids of yesterday: none is found by looking for new ones.
        backlog.next = idAt(Date.now() - 86400000);
        await trigger(gateway.stack, 'backlog', {});
        backlog.event = await gateway.stack.sql.value(
            "SELECT MAX(id) FROM events WHERE type = 'backlog'");
        return backlog;
    }

    // `each` due jobs for every subscription to event types like that.
    async add(pattern, each) {
        const ids = await this.gateway.stack.sql.column('SELECT DISTINCT ' +
            'subscription_id FROM subscription_patterns ' +
            `WHERE pattern LIKE '${pattern}'`);
        const rows = ids.map((id) => ({ ...laneOf(id), left: each }));
        while (rows.some(({ left }) => left > 0))
            await this.addSome(rows);
    }

    // One statement: a piece of one large lane, or of many small ones.
    async addSome(rows) {
        const parts = [];
        let room = CHUNK;
        for (const row of rows) {
            const count = Math.min(row.left, room);
            if (count === 0)
                continue;
            parts.push(`SELECT ${this.next} + seq, 1, ${row.shard}, ` +
                `${row.lane}, ${this.event}, UTC_TIMESTAMP(6) ` +
                `FROM seq_1_to_${count}`);
            this.next += BigInt(count) + 1n;
            row.left -= count;
            room -= count;
            if (parts.length === 200)
                break;
        }
        await this.gateway.execute('INSERT INTO jobs (id, kind, shard, lane, ' +
            `event_id, next_retry_at) ${parts.join(' UNION ALL ')}`);
    }
}

// CPU time of the worker for each delivery to healthy subscriptions, with so
// many due jobs in the lane of one whose receiver is gone.
export async function scheduling(report, { full }) {
    const sizes = full ? [10, 1000, 100_000, 1_000_000] : [10, 1000, 100_000];
    const count = full ? 40_000 : 20_000;
    await withGateway({}, async (gateway) => {
        await gateway.subscribe('bench', SUBSCRIPTIONS);
        await gateway.subscribe('dead', 1, { retry_count: 10,
            retry_delay: 3600,
            url: `http://127.0.0.1:${await closedPort()}/` });
        let next = await fill(gateway, 10_000, 0); // to warm up
        await gateway.drained();
        const backlog = await Backlog.of(gateway);
        let smallest = null, has = 0;
        for (const size of sizes) {
            await gateway.stopWorker();
            await backlog.add('dead.%', size - has);
            has = size;
            next = await fill(gateway, count, next);
            check('jobs that wait', await gateway.jobs(), count + has);
            const { cpu_us: cost } = await drainOnce(gateway, count, has);
            check('jobs of the dead one', await gateway.jobs(), has);
            smallest ??= cost;
            report.add(`scheduling_${size}`, cost, 'us/delivery',
                smallest);
        }
    });
}
