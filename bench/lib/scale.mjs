// scale.mjs - ingest and drain in a database that has been in use for long: ten
// million archived deliveries and 10,000 subscriptions, beside an empty one.

import { drainOnce, fill, SUBSCRIPTIONS } from './drain.mjs';
import { subscribeMany } from './fanout.mjs';
import { check, median, withGateway } from './gateway.mjs';

const CHUNK = 250_000; // rows in a statement

// Deliveries of the last month, of events long gone.
async function addArchive(gateway, count) {
    const first = BigInt(Date.now() - 1735689600000 - 30 * 86400000) << 22n;
    for (let done = 0; done < count; done += CHUNK)
        await gateway.execute('INSERT INTO deliveries (id, done_day, kind, ' +
            'application_id, owner_id, event_id, event_type, status, ' +
            'attempts, response_code, response_body, duration_ms, ' +
            `completed_at) SELECT ${first} + (seq + ${done}) * 1000000, ` +
            `CURRENT_DATE, 1, 1, seq % ${SUBSCRIPTIONS} + 1, ` +
            `${first} + (seq + ${done}) * 1000000 - 1, 'bench.0', 'success', ` +
            "1, 200, 'ok', 3, UTC_TIMESTAMP(6) " +
            `FROM seq_1_to_${Math.min(CHUNK, count - done)}`);
}

// Rates of both ways, the worker stopped during ingest. What was taken in is
// processed before the drain begins.
async function both(gateway, count, first, seconds, tag) {
    const ingest = [], drain = [];
    let next = first;
    for (let i = 0; i < 2; i++) {
        await gateway.stopWorker();
        ingest.push((await gateway.inbound(
            { connections: 64, seconds, tag: `${tag}${i}` })).per_second);
        await gateway.startWorker();
        await gateway.drained(600_000);
        await gateway.stopWorker();
        next = await fill(gateway, count, next);
        drain.push((await drainOnce(gateway, count)).rate);
    }
    return { ingest: median(ingest), drain: median(drain), next };
}

export async function scale(report, { full }) {
    const archived = full ? 10_000_000 : 500_000;
    const subscriptions = full ? 10_000 : 1000;
    const count = full ? 100_000 : 20_000;
    const seconds = full ? 10 : 3;
    await withGateway({}, async (gateway) => {
        await gateway.subscribe('bench', SUBSCRIPTIONS);
        const warm = await both(gateway, 5000, 0, 1, 'warm');
        const empty = await both(gateway, count, warm.next, seconds, 'empty');
        await subscribeMany(gateway, subscriptions, 'never.sent');
        await addArchive(gateway, archived);
        check('archived deliveries', await gateway.value(
            "SELECT COUNT(*) FROM deliveries WHERE response_body = 'ok' " +
            'AND duration_ms = 3 AND event_id = id - 1') >= archived, true);
        const used = await both(gateway, count, empty.next, seconds, 'used');
        report.add('ingest_at_scale', used.ingest, 'requests/s', empty.ingest);
        report.add('drain_at_scale', used.drain, 'deliveries/s', empty.drain);
    });
}
