// main.mjs - chooses scenarios, runs one after the other, prints and saves.

import { scheduling } from './backlog.mjs';
import { drain } from './drain.mjs';
import { fairness } from './fairness.mjs';
import { fanout } from './fanout.mjs';
import { databaseSeen, stopOnSignals } from './gateway.mjs';
import { ingest } from './ingest.mjs';
import { memory } from './memory.mjs';
import { pipeline } from './pipeline.mjs';
import { readView } from './read_view.mjs';
import { markdown, Report } from './report.mjs';
import { scale } from './scale.mjs';
import { tls } from './tls.mjs';

const QUICK = { ingest, drain, pipeline };
const FULL = { ...QUICK, readView, fanout, memory, tls, scheduling, fairness,
    scale };

const words = process.argv.slice(2);
if (words.includes('--list')) {
    console.log(Object.keys(FULL).join('\n'));
    process.exit(0);
}
if (words.includes('--markdown')) {
    console.log(markdown());
    process.exit(0);
}
const full = words.includes('--full');
const names = words.filter((word) => word !== '--full');
const unknown = names.find((name) => !(name in FULL));
if (unknown !== undefined) {
    console.error(`bench: there is no scenario ${unknown}`);
    process.exit(64);
}
const chosen = names.length > 0 ? names : Object.keys(full ? FULL : QUICK);

stopOnSignals();
const report = new Report(full ? 'full' : 'quick');
let failure = null;
console.log(report.heading());
for (const name of chosen) {
    try {
        await FULL[name](report, { full });
    } catch (error) {
        console.error(`bench: ${name}: ${error.stack}`);
        failure ??= error;
    }
}
report.machine.database = databaseSeen();
report.print();
report.save(failure);
process.exitCode = failure === null ? 0 : 1;
