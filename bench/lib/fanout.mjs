// fanout.mjs - one event to 10,000 subscriptions: how fast its deliveries
// leave, beside the same number of deliveries of different events to 50.

import { drainOnce, fill } from './drain.mjs';
import { check, median, nowUs, withGateway } from './gateway.mjs';

export const MANY = 10_000;
const ROUNDS = 5;

// As many subscriptions to one event type, at paths /ok/0 ..
export async function subscribeMany(gateway, count, event) {
    await gateway.subscribe('many', count, { events: [event] });
}

async function plainOnce(gateway, first) {
    await gateway.stopWorker();
    const next = await fill(gateway, MANY, first);
    const { rate } = await drainOnce(gateway, MANY);
    return { rate, next };
}

async function fanOnce(gateway) {
    await gateway.sink.reset();
    const start = nowUs();
    await gateway.trigger({ count: 1, connections: 1, event: 'fan.out' });
    await gateway.arrived(MANY, 'requests');
    const end = await gateway.drained();
    const paths = Object.values(await gateway.sink.paths());
    check('subscriptions reached', paths.length, MANY);
    check('deliveries that arrived',
        paths.reduce((sum, count) => sum + count, 0), MANY);
    return MANY / ((end - start) / 1e6);
}

// By turns, for one of them takes half a second, which the disk may spoil. The
// first of each meets its subscriptions for the first time, and warms up.
export async function fanout(report) {
    await withGateway({}, async (gateway) => {
        const plain = [], fanned = [];
        await gateway.subscribe('bench', 50);
        await subscribeMany(gateway, MANY, 'fan.out');
        for (let i = 0, next = 0; i <= ROUNDS; i++) {
            const done = await plainOnce(gateway, next);
            next = done.next;
            plain.push(done.rate);
            fanned.push(await fanOnce(gateway));
        }
        report.add('fanout', median(fanned.slice(1)), 'deliveries/s',
            median(plain.slice(1)));
    });
}
