// scale.mjs - ingest and drain in a database that has been in use for long: ten
// million archived deliveries and 10,000 subscriptions, beside an empty one.

import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { pause } from '../../tests/func/lib/wait.mjs';
import { drainOnce, fill, SUBSCRIPTIONS } from './drain.mjs';
import { subscribeMany } from './fanout.mjs';
import { check, idAt, median, withGateway } from './gateway.mjs';

const CHUNK = 100_000; // rows in a statement
const ID_STEP = 1_000_000_000; // 10 M of them are less than a month
const ROW_BYTES = 800; // with all indexes and logs, generously
const SETTLE_MS = 5000; // for the database to write what it was given

// Deliveries of the last month, of events long gone.
async function addArchive(gateway, count) {
    const first = idAt(Date.now() - 30 * 86400000);
    let added = 0;
    while (added < count)
        added += await gateway.execute('INSERT INTO deliveries (id, ' +
            'done_day, kind, application_id, owner_id, event_id, ' +
            'event_type, status, attempts, response_code, response_body, ' +
            'duration_ms, completed_at) ' +
            `SELECT ${first} + (seq + ${added}) * ${ID_STEP}, ` +
            `CURRENT_DATE, 1, 1, seq % ${SUBSCRIPTIONS} + 1, ` +
            `${first} + (seq + ${added}) * ${ID_STEP} - 1, 'bench.0', ` +
            "'success', 1, 200, 'ok', 3, UTC_TIMESTAMP(6) " +
            `FROM seq_1_to_${Math.min(CHUNK, count - added)}`);
    check('archived deliveries', added, count);
}

async function needRoom(bytes) {
    const { bavail, bsize } = await statfs(tmpdir());
    if (bavail * bsize < bytes)
        throw new Error(`${tmpdir()}: less than ${bytes / 2 ** 30} GB free`);
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
        await gateway.drained();
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
    await needRoom(archived * ROW_BYTES);
    await withGateway({}, async (gateway) => {
        await gateway.subscribe('bench', SUBSCRIPTIONS);
        const warm = await both(gateway, 5000, 0, 1, 'warm');
        const empty = await both(gateway, count, warm.next, seconds, 'empty');
        await subscribeMany(gateway, subscriptions, 'never.sent');
        await addArchive(gateway, archived);
        await pause(SETTLE_MS);
        const used = await both(gateway, count, empty.next, seconds, 'used');
        report.add('ingest_at_scale', used.ingest, 'requests/s', empty.ingest);
        report.add('drain_at_scale', used.drain, 'deliveries/s', empty.drain);
    });
}
