// memory.mjs - what the worker needs with 2,000 transfers in flight at once.

import { check, withGateway } from './gateway.mjs';
import { eventually } from '../../tests/func/lib/wait.mjs';

const TRANSFERS = 2000;
const ENDPOINTS = 200;
const SLOW_MS = 8000; // all of them overlap

// Resident memory, MB, while TRANSFERS deliveries to `base` are under way; each
// must arrive once.
export async function inFlight(gateway, base) {
    await gateway.subscribe('bench', ENDPOINTS, { timeout: 30 },
        (i) => `${base}/slow/${SLOW_MS}/${i}`);
    await gateway.sink.reset();
    await gateway.trigger({ count: TRANSFERS, connections: 64,
        types: ENDPOINTS });
    await eventually('all transfers are in flight', async () =>
        (await gateway.sink.stats()).requests === TRANSFERS, 30_000);
    const memory = gateway.memory('worker');
    await gateway.drained();
    const { distinct, repeated } = await gateway.sink.stats();
    check('different events that arrived', distinct, TRANSFERS);
    check('deliveries that came twice', repeated, 0);
    return memory;
}

export const CONF = { slots: TRANSFERS };

export async function memory(report) {
    await withGateway(CONF, async (gateway) => {
        report.add('worker_memory_2000_http',
            await inFlight(gateway, gateway.sink.url), 'MB');
    });
}
