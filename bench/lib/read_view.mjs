// read_view.mjs - the drain while somebody holds a consistent snapshot open, as
// a long report or a backup does: deleted jobs cannot be purged meanwhile.

import { drainOnce, fill, SUBSCRIPTIONS } from './drain.mjs';
import { withGateway } from './gateway.mjs';

const WARM = 10_000; // jobs

export async function readView(report, { full }) {
    const count = full ? 100_000 : 20_000;
    await withGateway({}, async (gateway) => {
        await gateway.subscribe('bench', SUBSCRIPTIONS);
        let next = 0, without;
        // Once to warm up, once to compare with.
        for (const jobs of [WARM, count]) {
            await gateway.stopWorker();
            next = await fill(gateway, jobs, next);
            without = await drainOnce(gateway, jobs);
        }
        await gateway.stopWorker();
        await gateway.stack.sql.transaction(async (rows) => {
            await rows('COMMIT');
            await rows('SET SESSION TRANSACTION ISOLATION LEVEL ' +
                'REPEATABLE READ');
            await rows('START TRANSACTION WITH CONSISTENT SNAPSHOT');
            await rows('SELECT COUNT(*) FROM jobs');
            next = await fill(gateway, count, next);
            const during = await drainOnce(gateway, count);
            report.add('drain_with_read_view', during.rate, 'deliveries/s',
                without.rate);
        });
    });
}
