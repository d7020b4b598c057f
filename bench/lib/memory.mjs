// memory.mjs - what the worker needs with 2,000 transfers in flight at once.

import { check, withGateway } from './gateway.mjs';
import { eventually } from '../../tests/func/lib/wait.mjs';

// One to each endpoint: nothing is known of them, so they get no more.
const TRANSFERS = 2000;
const SLOW_MS = 8000; // all of them overlap

// Resident memory, MB, while TRANSFERS deliveries to `base` are under way; each
// must arrive once.
export async function inFlight(gateway, base) {
    await gateway.subscribe('bench', TRANSFERS, { timeout: 30 },
        (i) => `${base}/slow/${SLOW_MS}/${i}`);
    await gateway.sink.reset();
    await gateway.trigger({ count: TRANSFERS, connections: 64,
        types: TRANSFERS });
    await eventually('all transfers are in flight', async () =>
        (await gateway.sink.stats()).requests === TRANSFERS, 30_000);
    const memory = gateway.memory('worker');
    await gateway.drained();
    const { distinct, repeated } = await gateway.sink.stats();
    check('different events that arrived', distinct, TRANSFERS);
    check('deliveries that came twice', repeated, 0);
    return memory;
}

// All of them are unproven, or slow: parts of the slots are for those.
export const CONF = { slots: 8 * TRANSFERS };

export async function memory(report) {
    await withGateway(CONF, async (gateway) => {
        report.add('worker_memory_2000_http',
            await inFlight(gateway, gateway.sink.url), 'MB');
    });
}
