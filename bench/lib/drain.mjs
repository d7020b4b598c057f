// drain.mjs - how fast waiting deliveries leave, beside libcurl alone and
// MariaDB alone; and how many statements that takes.

import { check, median, withGateway } from './gateway.mjs';
import { measure } from './programs.mjs';
import { idle } from './idle.mjs';

export const SUBSCRIPTIONS = 50;
const DELIVERED_BYTES = 702; // what a trigger of 600 becomes

// `count` jobs that wait while the worker is stopped, each with an event of its
// own. Returns the number of the next event.
export async function fill(gateway, count, first) {
    await gateway.trigger({ count, connections: 64, first,
        types: SUBSCRIPTIONS });
    return first + count;
}

// Starts the worker and waits until all `count` jobs are archived; `left` more
// in the table are not expected to end. The clock runs from the first delivery
// that arrives to the last job filed away.
export async function drainOnce(gateway, count, left = 0) {
    await gateway.sink.reset();
    check('jobs that wait', await gateway.jobs(), count + left);
    const before = await gateway.archived();
    const statements = await gateway.statements();
    const databaseBefore = gateway.cpu('db');
    await gateway.startWorker();
    await gateway.arrived(count);
    const end = await gateway.drained(left);
    const used = await gateway.statements() - statements;
    const cpu = gateway.cpu('worker');
    const database = gateway.cpu('db') - databaseBefore;
    const stats = await gateway.sink.stats();
    check('deliveries archived as success', await gateway.archived() - before,
        count);
    check('different events that arrived', stats.distinct, count);
    check('deliveries that came twice', stats.repeated, 0);
    return { rate: count / ((end - stats.first_us) / 1e6),
        statements: used / count, cpu_us: cpu / count * 1e6,
        database_us: database / count * 1e6 };
}

async function floorCurl(gateway, count) {
    let best = 0;
    for (const concurrency of [32, 128]) {
        const { per_second: rate } = await measure('floor_curl', {
            url: gateway.sink.url, count, concurrency,
            paths: SUBSCRIPTIONS, bytes: DELIVERED_BYTES });
        best = Math.max(best, rate);
    }
    return best;
}

export async function drain(report, { full }) {
    const count = full ? 200_000 : 40_000;
    await withGateway({}, async (gateway) => {
        const floors = [], rates = [], statements = [], cpu = [], database = [];
        let next = 0;
        await gateway.subscribe('bench', SUBSCRIPTIONS);
        report.add('worker_memory_fresh', gateway.memory('worker'), 'MB');
        for (let i = 0; i < 2; i++) {
            await gateway.stopWorker();
            next = await fill(gateway, count, next);
            floors.push(await floorCurl(gateway, Math.min(count, 60_000)));
            const done = await drainOnce(gateway, count);
            rates.push(done.rate);
            statements.push(done.statements);
            cpu.push(done.cpu_us);
            database.push(done.database_us);
        }
        report.add('drain', median(rates), 'deliveries/s', median(floors),
            median(rates.map((rate, i) => rate / floors[i])));
        report.add('worker_memory_busy', gateway.memory('worker'), 'MB');
        report.add('drain_cpu_worker', median(cpu), 'us/delivery');
        report.add('drain_cpu_database', median(database), 'us/delivery');
        report.add('statements_per_delivery', median(statements),
            'statements');
        const { per_second: queue } = await measure('floor_queue',
            { config: gateway.stack.env.POSTERN_CONF,
                count: Math.min(count, 60_000) });
        report.add('drain_of_queue', median(rates), 'deliveries/s', queue);
        await idle(report, gateway);
    });
}
