// report.mjs - the figures: a table for people, build/bench.json for programs.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../../tests/func/lib/stack.mjs';
import { describeMachine, machineLines } from './machine.mjs';

const FILE = join(build, 'bench.json');

// What is aimed at: [figure, 'value' or 'ratio', '>=' or '<=', number].
const TARGETS = new Map([
    ['ingest', ['ratio', '>=', 0.6]],
    ['drain', ['ratio', '>=', 0.35]],
    ['pipeline', ['ratio', '>=', 0.25]],
    ['latency_p50', ['value', '<=', 5]],
    ['latency_p99', ['value', '<=', 25]],
    ['statements_per_delivery', ['value', '<=', 0.1]],
    ['idle_statements', ['value', '<=', 3]],
    ['idle_cpu', ['value', '<=', 0.5]],
    ['responder_memory', ['value', '<=', 24]],
    ['worker_memory', ['value', '<=', 16]],
    ['worker_memory_2000_http', ['value', '<=', 64]],
    ['worker_memory_2000_https', ['value', '<=', 180]],
    ['tls_connection', ['value', '<=', 2]],
    ['scheduling_1000', ['ratio', '<=', 1.2]],
    ['scheduling_100000', ['ratio', '<=', 1.2]],
    ['scheduling_1000000', ['ratio', '<=', 1.2]],
    ['drain_with_read_view', ['ratio', '>=', 0.8]],
    ['fanout', ['ratio', '>=', 0.9]],
    ['fairness_p99', ['ratio', '<=', 1.2]],
    ['fairness_p99_after_restart', ['ratio', '<=', 1.2]],
    ['ingest_at_scale', ['ratio', '>=', 0.9]],
    ['drain_at_scale', ['ratio', '>=', 0.9]],
]);

function rounded(number) {
    if (number === null)
        return null;
    return Number(number.toPrecision(Math.abs(number) >= 1000 ? 6 : 4));
}

function shown(number) {
    if (number === null)
        return '';
    return Math.abs(number) >= 100 ? String(Math.round(number))
        : String(Number(number.toPrecision(3)));
}

export class Report {
    constructor(mode) {
        this.mode = mode;
        this.figures = [];
        this.began = Date.now();
        this.machine = describeMachine();
    }

    // floor: what it is compared with, in the same unit; null: nothing.
    add(name, value, unit, floor = null, ratio = null) {
        const quotient = ratio ?? (floor === null ? null : value / floor);
        const [of, relation, limit] = TARGETS.get(name) ?? [];
        const judged = of === 'ratio' ? quotient : value;
        const met = of === undefined ? null
            : relation === '>=' ? judged >= limit : judged <= limit;
        const figure = { name, value: rounded(value), unit,
            floor: rounded(floor), ratio: rounded(quotient),
            target: of === undefined ? null : `${of} ${relation} ${limit}`,
            met };
        this.figures.push(figure);
        console.log(this.line(figure));
    }

    line({ name, value, unit, floor, ratio, target, met }) {
        return [name.padEnd(28), shown(value).padStart(9), unit.padEnd(12),
            shown(floor).padStart(9), shown(ratio).padStart(7),
            ` ${target ?? ''}`.padEnd(18),
            met === null ? '' : met ? 'met' : 'missed'].join(' ').trimEnd();
    }

    heading() {
        return ['figure'.padEnd(28), 'value'.padStart(9), 'unit'.padEnd(12),
            'floor'.padStart(9), 'ratio'.padStart(7), ' target'].join(' ');
    }

    print() {
        console.log(`\n${machineLines(this.machine).join('\n')}\n`);
        console.log(this.heading());
        for (const figure of this.figures)
            console.log(this.line(figure));
    }

    save(error) {
        const seconds = Math.round((Date.now() - this.began) / 1000);
        mkdirSync(build, { recursive: true });
        writeFileSync(FILE, JSON.stringify({
            mode: this.mode,
            began: new Date(this.began).toISOString(),
            seconds,
            machine: this.machine,
            error: error ? String(error) : null,
            figures: this.figures,
        }, null, 2) + '\n');
        console.log(`\n${FILE}: ${this.figures.length} figures in ` +
            `${seconds} s`);
    }
}

// The last run's figures as a table for the documentation.
export function markdown() {
    const { mode, began, seconds, machine, error, figures } =
        JSON.parse(readFileSync(FILE, 'utf8'));
    const cell = (number) =>
        shown(number).replace(/^\d+/, (whole) => Number(whole)
            .toLocaleString('en-US'));
    const lines = [
        `${mode === 'full' ? '`make bench-full`' : '`make bench`'} of ` +
            `${began.slice(0, 10)}, ${Math.round(seconds / 60)} minutes:`, '',
        ...machineLines(machine).map((line) => `- ${line}`), '',
        '| figure | value | unit | floor | ratio | target | |',
        '|---|---:|---|---:|---:|---|---|',
        ...figures.map((f) => `| \`${f.name}\` | ${cell(f.value)} | ` +
            `${f.unit} | ${cell(f.floor)} | ${shown(f.ratio)} | ` +
            `${f.target ?? ''} | ${f.met === null ? ''
                : f.met ? 'met' : '**missed**'} |`),
    ];
    if (error)
        lines.push('', `The run failed: ${error}`);
    return lines.join('\n');
}
