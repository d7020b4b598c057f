// memory.mjs - what the worker needs with 2,000 transfers in flight at once.

import { check, withGateway } from './gateway.mjs';
import { eventually } from '../../tests/func/lib/wait.mjs';

const TRANSFERS = 2000;
const ENDPOINTS = 200;

export async function memory(report) {
    const conf = { slots: TRANSFERS };
    await withGateway(conf, async (gateway) => {
        // Receivers that take their time: all transfers overlap.
        await gateway.subscribe('bench', ENDPOINTS, { timeout: 30 },
            (i) => `/slow/6000/${i}`);
        await gateway.sink.reset();
        await gateway.trigger({ count: TRANSFERS, connections: 64,
            types: ENDPOINTS });
        await eventually('all transfers are in flight', async () =>
            (await gateway.sink.stats()).requests === TRANSFERS, 30_000);
        report.add('worker_memory_2000_http', gateway.memory('worker'), 'MB');
        await gateway.drained();
        const { distinct, repeated } = await gateway.sink.stats();
        check('different events that arrived', distinct, TRANSFERS);
        check('deliveries that came twice', repeated, 0);
    });
}
