// fairness.mjs - what healthy subscriptions notice of a dead one with a million
// due jobs and of endpoints that never answer.

import { closedPort } from '../../tests/func/lib/gateway.mjs';
import { pause } from '../../tests/func/lib/wait.mjs';
import { Backlog } from './backlog.mjs';
import { check, median, withGateway } from './gateway.mjs';

const HEALTHY = 100;
const RATE = 200; // events/s to the healthy ones together
const WARM_S = 40; // what is known of an endpoint is saved every 30 s

function sizes(full) {
    return full ? { backlog: 1_000_000, hanging: 3000, each: 10, rounds: 3,
        windows: 4, seconds: 8 }
        : { backlog: 100_000, hanging: 300, each: 10, rounds: 1, windows: 1,
            seconds: 10 };
}

// The healthy subscriptions of one gateway, and the events that they get. Only
// these carry the number and time that the sink looks for.
class Healthy {
    static async of(gateway) {
        const healthy = new Healthy();
        healthy.gateway = gateway;
        healthy.next = 0;
        await gateway.subscribe('healthy', HEALTHY);
        await healthy.latency(WARM_S);
        return healthy;
    }

    async restartWorker() {
        await this.gateway.stopWorker();
        await this.gateway.startWorker();
    }

    // p50 and p99 from due to delivered, ms.
    async latency(seconds) {
        const { gateway } = this;
        await gateway.sink.reset();
        const done = await gateway.trigger({ rate: RATE, seconds,
            first: this.next, connections: 32, event: 'healthy',
            types: HEALTHY });
        this.next += done.sent;
        const stats = await gateway.arrived(done.acknowledged);
        check('deliveries to healthy subscriptions', stats.distinct,
            done.acknowledged);
        check('deliveries that came twice', stats.repeated, 0);
        return { p50: stats.latency_us.p50 / 1000,
            p99: stats.latency_us.p99 / 1000 };
    }
}

async function burden(gateway, { backlog: size, hanging, each }) {
    await gateway.subscribe('dead', 1,
        { url: `http://127.0.0.1:${await closedPort()}/` });
    await gateway.subscribe('hanging', hanging, {}, (i) => `/hang/${i}`);
    const backlog = await Backlog.of(gateway);
    await backlog.add('dead.%', size);
    await backlog.add('hanging.%', each);
    // The database has written its pages; the worker has met them all.
    await pause(5000);
}

// By turns, on a gateway without the others and on one with them, for within
// minutes a machine becomes faster or slower by more than what is looked for.
// `restart`: the worker of each, right before its first window.
async function takeTurns(free, burdened, { windows, seconds }, restart) {
    const done = { alone: [], beside: [] };
    for (let i = 0; i < windows; i++) {
        for (const [healthy, out] of [[burdened, done.beside],
            [free, done.alone]]) {
            if (restart && i === 0)
                await healthy.restartWorker();
            out.push(await healthy.latency(seconds));
        }
    }
    return done;
}

function middle(windows, quantile) {
    return median(windows.map((window) => window[quantile]));
}

export async function fairness(report, { full }) {
    const size = sizes(full);
    await withGateway({}, (calm) => withGateway({}, async (laden) => {
        const free = await Healthy.of(calm);
        const burdened = await Healthy.of(laden);
        await burden(laden, size);
        const alone = [], beside = [], after = [];
        const first = { alone: [], beside: [] };
        for (let i = 0; i < size.rounds; i++) {
            const before = await takeTurns(free, burdened, size, false);
            const restarted = await takeTurns(free, burdened, size, true);
            alone.push(...before.alone, ...restarted.alone.slice(1));
            beside.push(...before.beside);
            after.push(...restarted.beside);
            first.alone.push(restarted.alone[0]);
            first.beside.push(restarted.beside[0]);
        }
        const left = await laden.jobs();
        if (left < size.backlog / 2)
            throw new Error(`the backlog was gone before the end: ${left}`);
        const p50 = middle(alone, 'p50'), p99 = middle(alone, 'p99');
        report.add('fairness_p50_alone', p50, 'ms');
        report.add('fairness_p99_alone', p99, 'ms');
        report.add('fairness_p50', middle(beside, 'p50'), 'ms', p50);
        report.add('fairness_p99', middle(beside, 'p99'), 'ms', p99);
        report.add('fairness_p99_after_restart', middle(after, 'p99'), 'ms',
            p99);
        report.add('fairness_p99_restart_first', middle(first.beside, 'p99'),
            'ms', middle(first.alone, 'p99'));
    }));
}
