// fairness.mjs - what healthy subscriptions notice of a dead one with a million
// due jobs and of endpoints that never answer.

import { closedPort } from '../../tests/func/lib/gateway.mjs';
import { pause } from '../../tests/func/lib/wait.mjs';
import { Backlog } from './backlog.mjs';
import { check, withGateway } from './gateway.mjs';

const HEALTHY = 100;
const RATE = 200; // events/s to the healthy ones together
const WARM_S = 40; // what is known of an endpoint is saved every 30 s

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
    const stats = await gateway.arrived(done.acknowledged);
    check('deliveries to healthy subscriptions', stats.distinct,
        done.acknowledged);
    check('deliveries that came twice', stats.repeated, 0);
    return { p50: stats.latency_us.p50 / 1000,
        p99: stats.latency_us.p99 / 1000, next: first + done.sent };
}

export async function fairness(report, { full }) {
    const { backlog: size, hanging, each, seconds } = sizes(full);
    await withGateway({}, async (gateway) => {
        await gateway.subscribe('healthy', HEALTHY);
        const warm = await healthy(gateway, WARM_S, 0);
        const alone = await healthy(gateway, seconds, warm.next);
        report.add('fairness_p50_alone', alone.p50, 'ms');
        report.add('fairness_p99_alone', alone.p99, 'ms');

        await gateway.subscribe('dead', 1,
            { url: `http://127.0.0.1:${await closedPort()}/` });
        await gateway.subscribe('hanging', hanging, {}, (i) => `/hang/${i}`);
        const backlog = await Backlog.of(gateway);
        await backlog.add('dead.%', size);
        await backlog.add('hanging.%', each);
        // The database has written its pages; the worker has met them all.
        await pause(5000);
        const beside = await healthy(gateway, seconds, alone.next);
        report.add('fairness_p50', beside.p50, 'ms', alone.p50);
        report.add('fairness_p99', beside.p99, 'ms', alone.p99);

        await gateway.stopWorker();
        await gateway.startWorker();
        const restarted = await healthy(gateway, seconds, beside.next);
        report.add('fairness_p99_after_restart', restarted.p99, 'ms',
            alone.p99);
        const left = await gateway.jobs();
        if (left < size / 2)
            throw new Error(`the backlog was gone before the end: ${left}`);
    });
}
