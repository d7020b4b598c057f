// fanout.mjs - one event to 10,000 subscriptions: how fast its deliveries
// leave, beside the same number of deliveries of different events to 50.

import { drainOnce, fill } from './drain.mjs';
import { check, nowUs, withGateway } from './gateway.mjs';

export const MANY = 10_000;

// As many subscriptions to one event type, at paths /ok/0 ..
export async function subscribeMany(gateway, count, event) {
    await gateway.subscribe('many', count, { events: [event] });
}

export async function fanout(report) {
    await withGateway({}, async (gateway) => {
        await gateway.subscribe('bench', 50);
        let plain, next = 0;
        // Once to warm up, once to compare with.
        for (let i = 0; i < 2; i++) {
            await gateway.stopWorker();
            next = await fill(gateway, MANY, next);
            plain = await drainOnce(gateway, MANY);
        }

        await subscribeMany(gateway, MANY, 'fan.out');
        await gateway.sink.reset();
        const start = nowUs();
        await gateway.trigger({ count: 1, connections: 1, event: 'fan.out' });
        await gateway.arrived(MANY, 'requests');
        const end = await gateway.drained();
        const paths = Object.values(await gateway.sink.paths());
        check('subscriptions reached', paths.length, MANY);
        check('deliveries that arrived',
            paths.reduce((sum, count) => sum + count, 0), MANY);
        report.add('fanout', MANY / ((end - start) / 1e6), 'deliveries/s',
            plain.rate);
    });
}
