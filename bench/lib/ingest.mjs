// ingest.mjs - how many signed webhooks a second are acknowledged, beside what
// nginx and libfcgi do with the same requests, and MariaDB with the same rows.

import { Floor } from './floor.mjs';
import { check, cpuOfParts, median, withGateway } from './gateway.mjs';
import { measure } from './programs.mjs';

const CONNECTIONS = 64;

async function bestInsert(config, seconds) {
    let best = 0;
    for (const [connections, batch] of [[1, 100], [2, 100], [4, 50]]) {
        const { per_second: rate } = await measure('floor_insert',
            { config, connections, batch, seconds });
        best = Math.max(best, rate);
    }
    return best;
}

// Who spends the time: of each, CPU time.
const PARTS = { responder: 'responder', web: 'nginx', db: 'database' };

// Alternates floor and measurement; rates of each round.
async function rounds(gateway, floor, count, seconds) {
    const out = { floor: [], ingest: [], p99: [], acknowledged: 0,
        cpu: { responder: 0, web: 0, db: 0 } };
    for (let i = 0; i < count; i++) {
        const options = { connections: CONNECTIONS, seconds, tag: `r${i}` };
        out.floor.push((await gateway.inbound(options, floor.url)).per_second);
        const before = cpuOfParts(gateway, PARTS);
        const done = await gateway.inbound(options);
        const after = cpuOfParts(gateway, PARTS);
        for (const part of Object.keys(PARTS))
            out.cpu[part] += after[part] - before[part];
        out.ingest.push(done.per_second);
        out.p99.push(done.latency_us.p99 / 1000);
        out.acknowledged += done.acknowledged;
    }
    return out;
}

export async function ingest(report, { full }) {
    const seconds = full ? 8 : 4;
    await withGateway({}, async (gateway) => {
        await gateway.stopWorker();
        const floor = await Floor.best(gateway, report);
        try {
            const out = await rounds(gateway, floor, 3, seconds);
            check('events stored',
                await gateway.value('SELECT COUNT(*) FROM events'),
                out.acknowledged);
            check('process jobs', await gateway.jobs(), out.acknowledged);
            report.add('ingest', median(out.ingest), 'requests/s',
                median(out.floor),
                median(out.ingest.map((rate, i) => rate / out.floor[i])));
            for (const [part, name] of Object.entries(PARTS))
                report.add(`ingest_cpu_${name}`,
                    out.cpu[part] / out.acknowledged * 1e6, 'us/request');
            report.add('ingest_p99', median(out.p99), 'ms');
            report.add('responder_memory', gateway.memory('responder'), 'MB');
            const { POSTERN_CONF: config } = gateway.stack.env;
            report.add('floor_commits', (await measure('floor_insert', { config,
                connections: 1, batch: 1, seconds: 2 })).per_second,
            'commits/s');
            report.add('ingest_of_insert', median(out.ingest), 'rows/s',
                await bestInsert(config, full ? 5 : 2));

            // The worker, with all that to process, beside it.
            await gateway.startWorker();
            const beside = await gateway.inbound({ connections: CONNECTIONS,
                seconds, tag: 'beside' });
            report.add('ingest_beside_worker', beside.per_second, 'requests/s',
                median(out.floor));
            const all = out.acknowledged + beside.acknowledged;
            check('events stored',
                await gateway.value('SELECT COUNT(*) FROM events'), all);
            await gateway.drained();
            check('events processed', await gateway.archived(), all);
        } finally {
            await floor.stop();
        }
    });
}
