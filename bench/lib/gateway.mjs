// gateway.mjs - a stack as shipped with a sink beside it, and the questions
// that every scenario asks of them.

import { readFileSync, readdirSync } from 'node:fs';
import { Stack } from '../../tests/func/lib/stack.mjs';
import { pause } from '../../tests/func/lib/wait.mjs';
import { describeDatabase } from './machine.mjs';
import { Sink, measure } from './programs.mjs';

export const THREADS = 32; // of a responder: the default of `threads`

export function check(what, got, want) {
    if (got !== want)
        throw new Error(`${what}: got ${got}, want ${want}`);
}

export function nowUs() {
    return Number(process.hrtime.bigint() / 1000n);
}

// The first id of that millisecond (base/id.h).
export function idAt(ms) {
    return BigInt(ms - 1735689600000) << 22n;
}

// CPU time of a process and of those that it has started, seconds.
function cpuOf(pid) {
    let seconds = 0;
    for (const task of readdirSync(`/proc/${pid}/task`)) {
        const dir = `/proc/${pid}/task/${task}`;
        const [ns] = readFileSync(`${dir}/schedstat`, 'utf8').split(' ');
        seconds += Number(ns) / 1e9;
        for (const child of readFileSync(`${dir}/children`, 'utf8').split(' '))
            seconds += child.trim() === '' ? 0 : cpuOf(child);
    }
    return seconds;
}

export class Gateway {
    static async start(conf = {}) {
        const gateway = new Gateway();
        gateway.asked = 0; // statements of our own
        gateway.firstId = idAt(Date.now());
        gateway.stack = await Stack.start({ threads: THREADS, conf });
        try {
            gateway.sink = await Sink.start();
            await gateway.value('SELECT 1');
        } catch (error) {
            await gateway.stop();
            throw error;
        }
        return gateway;
    }

    async stop() {
        await this.sink?.stop();
        await this.stack.stop();
    }

    async value(text) {
        this.asked++;
        return this.stack.sql.count(text);
    }

    // Returns how many rows were changed.
    async execute(text) {
        this.asked++;
        return (await this.stack.sql.rows(text)).affectedRows;
    }

    // Deliveries of jobs that were made since this gateway runs.
    archived() {
        return this.value("SELECT COUNT(*) FROM deliveries WHERE status = " +
            `'success' AND id >= ${this.firstId}`);
    }

    // What others have sent since the server started: statements, and the
    // COMMITs among them.
    async asks() {
        this.asked++;
        const rows = await this.stack.sql.rows('SHOW GLOBAL STATUS WHERE ' +
            "Variable_name IN ('Questions', 'Com_commit')");
        const counted = Object.fromEntries(
            rows.map((row) => [row.Variable_name, Number(row.Value)]));
        return { statements: counted.Questions - this.asked,
            commits: counted.Com_commit };
    }

    async statements() {
        return (await this.asks()).statements;
    }

    // One subscription for each of the event types NAME.0 .. NAME.count-1,
    // /ok/0 .. at the sink unless path says otherwise.
    async subscribe(name, count, more = {}, path = (i) => `/ok/${i}`) {
        let next = 0;
        const api = this.stack.api();
        const one = async () => {
            while (next < count) {
                const i = next++;
                const { status, text } = await api.post('/api/webhooks', {
                    url: new URL(path(i), this.sink.url).href,
                    events: [`${name}.${i}`], ...more });
                if (status !== 201)
                    throw new Error(`subscription: ${status} ${text}`);
            }
        };
        await Promise.all(Array.from({ length: 8 }, one));
    }

    // Trigger requests; every one must be acknowledged.
    async trigger(options) {
        const done = await measure('load', { body: 'trigger',
            url: `${this.stack.url}/api/events/trigger`,
            token: this.stack.token, ...options });
        check(`acknowledged triggers (${done.said})`, done.acknowledged,
            done.sent);
        return done;
    }

    // Signed Supabase requests; every one must be acknowledged.
    async inbound(options, url = this.stack.url) {
        const done = await measure('load', { body: 'supabase',
            url: `${url}/api/v1/webhooks/supabase`,
            secret: this.stack.env.SUPABASE_SECRET, ...options });
        check(`acknowledged webhooks (${done.said})`, done.acknowledged,
            done.sent);
        return done;
    }

    jobs() {
        return this.value('SELECT COUNT(*) FROM jobs');
    }

    stopWorker() {
        return this.stack.kill('worker', 'SIGTERM');
    }

    startWorker() {
        return this.stack.restart('worker');
    }

    // Waits until no more jobs than these are left. To count many again and
    // again is work for the database too: at most a tenth of the time.
    async drained(left = 0, ms = 600_000) {
        const end = nowUs() + ms * 1000;
        for (;;) {
            const began = nowUs();
            const jobs = await this.jobs();
            if (jobs <= left)
                return nowUs();
            if (nowUs() > end)
                throw new Error(`${jobs} jobs are left after ${ms / 1000} s`);
            await pause(Math.max(10, (nowUs() - began) / 100));
        }
    }

    // Waits until the sink has got so many requests, or ("distinct")
    // different events.
    async arrived(count, what = 'distinct', ms = 600_000) {
        const end = nowUs() + ms * 1000;
        for (;;) {
            const stats = await this.sink.stats();
            if (stats[what] >= count)
                return stats;
            if (nowUs() > end)
                throw new Error(`${stats[what]} of ${count} have arrived ` +
                    `after ${ms / 1000} s`);
            await pause(50);
        }
    }

    // Resident memory of all processes of one kind, MB.
    memory(what) {
        return Math.max(...this.stack.pids(what).map((pid) => {
            const status = readFileSync(`/proc/${pid}/status`, 'utf8');
            return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
        }));
    }

    // CPU time of all threads of these kinds, seconds.
    cpu(...kinds) {
        return kinds.flatMap((what) => this.stack.pids(what))
            .reduce((sum, pid) => sum + cpuOf(pid), 0);
    }
}

// CPU time of each kind that is a key of `parts`, seconds.
export function cpuOfParts(gateway, parts) {
    return Object.fromEntries(Object.keys(parts).map((part) =>
        [part, gateway.cpu(part)]));
}

const current = new Set(); // the gateways that run now
let database = null;

// How the database of the last gateway was set up.
export function databaseSeen() {
    return database;
}

// Starts a gateway for one scenario and stops it whatever happens.
export async function withGateway(conf, steps) {
    const gateway = await Gateway.start(conf);
    current.add(gateway);
    try {
        database = await describeDatabase(gateway.stack.sql);
        return await steps(gateway);
    } finally {
        current.delete(gateway);
        await gateway.stop();
    }
}

// Interrupted: no stack stays behind. Everything else ends with this process.
export function stopOnSignals() {
    for (const signal of ['SIGINT', 'SIGTERM'])
        process.once(signal, async () => {
            for (const gateway of current)
                await gateway.stop().catch((error) => console.error(error));
            process.exit(1);
        });
}

export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle]
        : (sorted[middle - 1] + sorted[middle]) / 2;
}
