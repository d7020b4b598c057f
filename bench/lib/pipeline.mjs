// pipeline.mjs - events that come in, are delivered and filed away, all at the
// same time: the rate that can be kept up, and latency at a moderate one.

import { Floor } from './floor.mjs';
import { check, cpuOfParts, nowUs, withGateway } from './gateway.mjs';
import { SUBSCRIPTIONS } from './drain.mjs';
import { pause } from '../../tests/func/lib/wait.mjs';

const PARTS = { responder: 'responder', web: 'nginx', db: 'database',
    worker: 'worker' };
const TRIES = 8;
const PROBE_S = 8;
const CLOSE = 1.03; // no more is asked of the rate that is found

function mean(values) {
    return values.reduce((sum, value) => sum + value, 0) /
        Math.max(1, values.length);
}

// Open loop at that rate; jobs that wait, sampled twice a second meanwhile.
async function atRate(gateway, rate, seconds, first) {
    const backlog = [];
    let running = true;
    await gateway.sink.reset();
    const asked = await gateway.asks();
    const before = cpuOfParts(gateway, PARTS);
    const sampler = (async () => {
        while (running) {
            backlog.push(await gateway.jobs());
            await pause(500);
        }
    })();
    const done = await gateway.trigger({ rate, seconds, first,
        connections: 256, types: SUBSCRIPTIONS }).finally(() => {
        running = false;
    });
    await sampler;
    await gateway.drained();
    const asks = await gateway.asks();
    const stats = await gateway.sink.stats();
    check('deliveries that arrived', stats.distinct, done.acknowledged);
    check('deliveries that came twice', stats.repeated, 0);
    const after = cpuOfParts(gateway, PARTS);
    const quarter = Math.floor(backlog.length / 4);
    return { done, stats, rate: done.acknowledged / done.seconds,
        cpu: Object.entries(PARTS).map(([part, name]) => [name,
            (after[part] - before[part]) / done.acknowledged * 1e6]),
        asks: Object.entries(asks).map(([name, count]) => [name,
            (count - asked[name]) / done.acknowledged]),
        early: mean(backlog.slice(quarter, 2 * quarter)),
        late: mean(backlog.slice(-quarter)) };
}

// Kept up: as many accepted as were due, and the backlog of the last quarter
// not more than a tenth of a second's work above that of the second.
function keptUp(run, rate) {
    return run.rate >= 0.98 * rate && run.late <= run.early + 0.1 * rate;
}

// The rate of a closed loop with everything delivered, to begin with.
async function firstGuess(gateway) {
    const start = nowUs();
    const burst = await gateway.trigger({ seconds: 3, connections: 64,
        types: SUBSCRIPTIONS });
    const took = (await gateway.drained() - start) / 1e6;
    return { rate: Math.floor(burst.acknowledged / took), first: burst.sent };
}

// Up in steps of 15 % while it is kept up, down in steps of 10 % until it is,
// and then between the two until they are 3 % apart.
function nextRate(low, high) {
    if (high === null)
        return low * 1.15;
    return low === null ? high * 0.9 : Math.sqrt(low * high);
}

// The rate found, kept up for as long as asked; less if that is too much.
async function findRate(gateway, seconds) {
    let { rate, first } = await firstGuess(gateway);
    let low = null, high = null, best = null;
    const attempt = async (length) => {
        const run = await atRate(gateway, rate, length, first);
        first += run.done.sent;
        return keptUp(run, rate) ? run : null;
    };
    for (let i = 0; i < TRIES && (low === null || high === null ||
        high > CLOSE * low); i++) {
        const run = await attempt(PROBE_S);
        best = run ?? best;
        low = run === null ? low : rate;
        high = run === null ? rate : high;
        rate = Math.floor(nextRate(low, high));
    }
    if (best !== null && seconds <= PROBE_S)
        return { ...best, first };
    rate = low ?? rate;
    for (let i = 0; i < TRIES; i++) {
        const run = await attempt(seconds);
        if (run !== null)
            return { ...run, first };
        rate = Math.floor(rate / CLOSE);
    }
    throw new Error('no rate was kept up');
}

export async function pipeline(report, { full }) {
    await withGateway({}, async (gateway) => {
        await gateway.subscribe('bench', SUBSCRIPTIONS);
        const floor = await Floor.best(gateway);
        try {
            const { per_second: limit } = await gateway.inbound(
                { connections: 64, seconds: full ? 10 : 4 }, floor.url);
            const run = await findRate(gateway, full ? 60 : PROBE_S);
            report.add('pipeline', run.rate, 'events/s', limit);
            for (const [name, cost] of run.cpu)
                report.add(`pipeline_cpu_${name}`, cost, 'us/event');
            for (const [name, count] of run.asks)
                report.add(`pipeline_${name}`, count, name);
            check('events stored and archived', await gateway.value(
                'SELECT COUNT(*) FROM events e JOIN deliveries d ' +
                "ON d.event_id = e.id AND d.status = 'success'"), run.first);
            const slow = await atRate(gateway, 1000, full ? 30 : 8, run.first);
            report.add('latency_p50', slow.stats.latency_us.p50 / 1000, 'ms');
            report.add('latency_p99', slow.stats.latency_us.p99 / 1000, 'ms');
            report.add('latency_accepted_p50',
                slow.done.latency_us.p50 / 1000, 'ms');
        } finally {
            await floor.stop();
        }
    });
}
