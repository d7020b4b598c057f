// drain.mjs - how fast waiting deliveries leave, beside libcurl alone and
// MariaDB alone; and how many statements that takes.

import { check, median, withGateway } from './gateway.mjs';
import { measure } from './programs.mjs';

export const SUBSCRIPTIONS = 50;

// `count` jobs that wait while the worker is stopped, each with an event of its
// own. Returns the number of the next event.
export async function fill(gateway, count, first) {
    await gateway.trigger({ count, connections: 64, first,
        types: SUBSCRIPTIONS });
    return first + count;
}

// Starts the worker and waits until every job is archived. The clock runs from
// the first delivery that arrives to the last job filed away.
export async function drainOnce(gateway, count) {
    await gateway.sink.reset();
    check('jobs that wait', await gateway.jobs(), count);
    const before = await gateway.value('SELECT COUNT(*) FROM deliveries');
    const statements = await gateway.statements();
    await gateway.startWorker();
    const end = await gateway.drained();
    const used = await gateway.statements() - statements;
    const stats = await gateway.sink.stats();
    check('deliveries archived as success', await gateway.value(
        "SELECT COUNT(*) FROM deliveries WHERE status = 'success'") - before,
    count);
    check('deliveries that arrived', stats.requests, count);
    check('different events that arrived', stats.distinct, count);
    return { rate: count / ((end - stats.first_us) / 1e6),
        statements: used / count };
}

async function floorCurl(gateway, count) {
    let best = 0;
    for (const concurrency of [32, 128]) {
        const { per_second: rate } = await measure('floor_curl', {
            url: gateway.sink.url, count, concurrency,
            paths: SUBSCRIPTIONS, bytes: 760 });
        best = Math.max(best, rate);
    }
    return best;
}

export async function drain(report, { full }) {
    const count = full ? 200_000 : 40_000;
    await withGateway({}, async (gateway) => {
        const floors = [], rates = [], statements = [];
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
        }
        report.add('drain', median(rates), 'deliveries/s', median(floors),
            median(rates.map((rate, i) => rate / floors[i])));
        const { per_second: queue } = await measure('floor_queue',
            { config: gateway.stack.env.POSTERN_CONF,
                count: Math.min(count, 60_000) });
        report.add('drain_of_queue', median(rates), 'deliveries/s', queue);
        report.add('statements_per_delivery', median(statements),
            'statements');
        report.add('worker_memory', gateway.memory('worker'), 'MB');
    });
}
