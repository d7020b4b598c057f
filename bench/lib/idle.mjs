// idle.mjs - what the programs cost when there is nothing to do, a minute after
// there was.

import { pause } from '../../tests/func/lib/wait.mjs';

// For the worker to close connections and to give memory back.
const CALM_S = 62;
const MEASURED_S = 30; // the last of them

export async function idle(report, gateway) {
    await pause((CALM_S - MEASURED_S) * 1000);
    const before = await gateway.statements();
    const cpu = gateway.cpu('responder', 'worker');
    await pause(MEASURED_S * 1000);
    report.add('idle_statements', (await gateway.statements() - before) /
        MEASURED_S, 'statements/s');
    report.add('idle_cpu', (gateway.cpu('responder', 'worker') - cpu) /
        MEASURED_S * 100, '% of one');
    report.add('worker_memory', gateway.memory('worker'), 'MB');
}
