// report.mjs - what a run has found: lines while it runs, a table at its end,
// build/torture.json, and the same table for the documentation.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { build } from '../func/lib/stack.mjs';

const KEPT = 200;  // violations written down
const SHOWN = 5;   // of one kind in one round on the terminal

export const path = join(build, 'torture.json');

function addTo(object, name, count = 1) {
    object[name] = (object[name] ?? 0) + count;
}

// "worker kill -9 0.0": how long it harmed, in seconds.
function inShort({ name, began, ended }) {
    return `${name} ${((ended - began) / 1000).toFixed(1)}`;
}

export class Report {
    constructor(seed) {
        this.seed = seed;
        this.began = Date.now();
        this.rounds = 0;
        this.totals = { acknowledged: 0, refused: 0, refusedStored: 0,
            unknown: 0, unknownStored: 0, rolled_back: 0, deliveries: 0,
            arrivals: 0, rejected: 0, repeated: 0, changes: 0 };
        this.repeats = {};    // cause: how many
        this.violations = []; // {round, what, text}
        this.notes = [];
    }

    violation(round, { what, text }) {
        this.violations.push({ round, what, text });
    }

    // Adds a round and says how it went.
    round({ faults, violations, repeats, counts, drained, traffic_s,
        drain_s }) {
        const number = ++this.rounds;
        for (const [name, count] of Object.entries(counts))
            addTo(this.totals, name, count);
        for (const { cause } of repeats)
            addTo(this.repeats, cause ?? 'unexplained');
        for (const one of violations)
            this.violation(number, one);
        const end = !drained ? 'NOT DRAINED' : violations.length === 0 ? 'ok'
            : `${violations.length} VIOLATIONS`;
        console.log([String(number).padStart(4),
            `${counts.acknowledged} acknowledged, ${counts.refused} refused,`,
            `${counts.unknown} unknown; ${counts.deliveries} deliveries,`,
            `${repeats.length} repeats; ${traffic_s.toFixed(1)} +`,
            `${drain_s.toFixed(1)} s ${end}`,
            `[${faults.map(inShort).join(', ')}]`].join(' '));
        this.show(violations);
    }

    // Of each kind a few.
    show(violations) {
        const shown = new Map();
        for (const { what, text } of violations) {
            const count = (shown.get(what) ?? 0) + 1;
            shown.set(what, count);
            if (count <= SHOWN)
                console.log(`      ${what}: ${text}`);
        }
        for (const [what, count] of shown)
            if (count > SHOWN)
                console.log(`      ${what}: ${count - SHOWN} more`);
    }

    // faults: Map(name: times); missing: names; hits: what the proxy did;
    // interrupted: there was no account at the end.
    finish({ faults, missing, hits, errors, repeatedIds, interrupted }) {
        this.result = {
            seed: this.seed,
            began: new Date(this.began).toISOString(),
            seconds: Math.round((Date.now() - this.began) / 1000),
            machine: { cpus: cpus().length,
                memory_gb: Math.round(totalmem() / 2 ** 30) },
            rounds: this.rounds,
            interrupted,
            totals: { ...this.totals, repeated_ids: repeatedIds },
            faults: Object.fromEntries(faults),
            faults_not_possible: missing,
            statements_failed: Object.fromEntries([...hits].map(
                ([kind, names]) => [kind, Object.fromEntries([...names]
                    .sort((a, b) => b[1] - a[1]))])),
            server_errors: Object.fromEntries(errors),
            repeats: this.repeats,
            violations: this.violations.length,
            found: this.violations.slice(0, KEPT),
        };
        mkdirSync(build, { recursive: true });
        writeFileSync(path, JSON.stringify(this.result, null, 2) + '\n');
        for (const [what, count, note] of rowsOf(this.result))
            console.log(`${what.padEnd(44)} ${String(count).padStart(9)}  ` +
                note);
        console.log(`\n${path}`);
    }
}

function sum(object) {
    return Object.values(object ?? {}).reduce((total, n) => total + n, 0);
}

// [what, how many, remark] of a result as it is in the file.
function rowsOf(result) {
    const { totals, faults, statements_failed: failed, repeats } = result;
    const kinds = { 1213: '1213 deadlock', 1205: '1205 lock wait',
        2006: '2006 connection gone', before: '2013 before the statement',
        after: '2013 answer lost', cut: '2013 under way',
        late: '2013, statement comes late' };
    return [
        ['rounds', result.rounds, `${result.seconds} s, seed ${result.seed}` +
            (result.interrupted ? ', INTERRUPTED' : '')],
        ['events acknowledged', totals.acknowledged, ''],
        ['events refused', totals.refused, `${totals.refusedStored} of them ` +
            'stored: answered 503, complete in the database'],
        ['events of unknown outcome', totals.unknown,
            `${totals.unknownStored} of them stored, complete`],
        ['events the application took back', totals.rolled_back, ''],
        ['requests repeated with the same id', totals.repeated_ids, ''],
        ['forged webhooks refused', totals.rejected, ''],
        ['webhooks that came again', totals.repeated, ''],
        ['changes of configuration', totals.changes, ''],
        ['deliveries recorded', totals.deliveries, ''],
        ['requests at the receivers', totals.arrivals, ''],
        ...Object.entries(faults).filter(([name]) =>
            !result.faults_not_possible.includes(name)).map(([name, count]) => {
            const [kind] = Object.entries(kinds).find(([, text]) =>
                text === name) ?? [];
            return [`fault: ${name}`, count, kind === undefined ? ''
                : `${sum(failed[kind])} statements of ` +
                    `${Object.keys(failed[kind] ?? {}).length} kinds`];
        }),
        ...result.faults_not_possible.map((name) =>
            [`fault: ${name}`, 0, 'NOT POSSIBLE on this machine']),
        ...Object.entries(repeats).map(([cause, count]) =>
            ['delivered again', count, `explained by: ${cause}`]),
        ['lost, doubled, torn, out of order, stuck, leaked, miscounted',
            result.violations,
            result.violations > 0 ? 'SEE THE FILE'
                : result.interrupted ? 'NOT LOOKED FOR at the end' : 'nothing'],
    ];
}

// The table of the newest run, for docs/explanation/reliability.md.
export function markdown() {
    const result = JSON.parse(readFileSync(path, 'utf8'));
    const lines = ['| what | how often | |', '|---|---:|---|'];
    for (const [what, count, note] of rowsOf(result))
        lines.push(`| ${what} | ${count} | ${note} |`);
    return lines.join('\n');
}
