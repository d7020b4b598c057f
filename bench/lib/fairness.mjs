// fairness.mjs - what healthy subscriptions notice of a dead one with a million
// due jobs and of endpoints that never answer.

import { closedPort, trigger } from '../../tests/func/lib/gateway.mjs';
import { pause } from '../../tests/func/lib/wait.mjs';
import { check, withGateway } from './gateway.mjs';

const HEALTHY = 100;
const WAIT_S = 300; // slow is slow, lost is an error
const RATE = 200; // events/s to the healthy ones together

function sizes(full) {
    return full ? { backlog: 1_000_000, hanging: 3000, each: 10, seconds: 60 }
        : { backlog: 100_000, hanging: 300, each: 10, seconds: 10 };
}

// p99 of the healthy ones from due to delivered, ms. Only their events carry
// the number and time that the sink looks for.
async function healthy(gateway, seconds, first) {
    await gateway.sink.reset();
    const done = await gateway.trigger({ rate: RATE, seconds, first,
        connections: 32, event: 'healthy', types: HEALTHY });
    for (let left = WAIT_S; left > 0; left--) {
        if ((await gateway.sink.stats()).distinct === done.acknowledged)
            break;
        await pause(1000);
    }
    const stats = await gateway.sink.stats();
    check('deliveries to healthy subscriptions', stats.distinct,
        done.acknowledged);
    return { p99: stats.latency_us.p99 / 1000, next: first + done.sent };
}

// What core/lane.h says of a subscription's lane.
function laneOf(id) {
    const lane = BigInt(id) << 32n;
    const shard = BigInt.asUintN(64, BigInt(id) * 8n * 0x9e3779b97f4a7c15n) >> 58n;
    return { lane, shard };
}

// `each` due jobs for every subscription that matches, all of one event,
// straight into the table: ids of yesterday.
async function addJobs(gateway, pattern, each, firstId) {
    const event = await gateway.stack.sql.value(
        "SELECT id FROM events WHERE type = 'backlog'");
    const ids = await gateway.stack.sql.column('SELECT s.id FROM ' +
        'subscriptions s JOIN subscription_patterns p ' +
        `ON p.subscription_id = s.id WHERE p.pattern LIKE '${pattern}'`);
    let next = firstId;
    for (const id of ids) {
        const { lane, shard } = laneOf(id);
        for (let left = each; left > 0; left -= 100_000) {
            const count = Math.min(left, 100_000);
            await gateway.execute('INSERT INTO jobs (id, kind, shard, lane, ' +
                `event_id, next_retry_at) SELECT ${next} + seq, 1, ${shard}, ` +
                `${lane}, ${event}, UTC_TIMESTAMP(6) FROM seq_1_to_${count}`);
            next += BigInt(count);
        }
    }
    return next;
}

function yesterday() {
    return BigInt(Date.now() - 1735689600000 - 86400000) << 22n;
}

export async function fairness(report, { full }) {
    const { backlog, hanging, each, seconds } = sizes(full);
    await withGateway({}, async (gateway) => {
        await gateway.subscribe('healthy', HEALTHY);
        const alone = await healthy(gateway, seconds, 0);
        report.add('fairness_p99_alone', alone.p99, 'ms');

        const port = await closedPort();
        await gateway.stopWorker();
        await gateway.subscribe('dead', 1,
            { url: `http://127.0.0.1:${port}/` });
        await gateway.subscribe('hanging', hanging, {}, (i) => `/hang/${i}`);
        // Their event has no number: the sink counts the healthy ones alone.
        await trigger(gateway.stack, 'backlog', {});
        const next = await addJobs(gateway, 'dead.%', backlog, yesterday());
        await addJobs(gateway, 'hanging.%', each, next);
        check('jobs that wait', await gateway.jobs(),
            backlog + hanging * each);

        await gateway.startWorker();
        const restarted = await healthy(gateway, seconds, alone.next);
        report.add('fairness_p99_after_restart', restarted.p99, 'ms',
            alone.p99);
        const settled = await healthy(gateway, seconds, restarted.next);
        report.add('fairness_p99', settled.p99, 'ms', alone.p99);
    });
}
