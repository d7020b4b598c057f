// gateway.mjs - a stack as shipped with a sink beside it, and the questions
// that every scenario asks of them.

import { readFileSync, readdirSync } from 'node:fs';
import { Stack } from '../../tests/func/lib/stack.mjs';
import { eventually } from '../../tests/func/lib/wait.mjs';
import { Sink, measure } from './programs.mjs';

export const THREADS = 32; // of a responder: the default of `threads`

export function check(what, got, want) {
    if (got !== want)
        throw new Error(`${what}: got ${got}, want ${want}`);
}

export function nowUs() {
    return Number(process.hrtime.bigint() / 1000n);
}

export class Gateway {
    static async start(conf = {}) {
        const gateway = new Gateway();
        gateway.asked = 0; // statements of our own
        gateway.stack = await Stack.start({ threads: THREADS, conf });
        gateway.sink = await Sink.start();
        await gateway.value('SELECT 1');
        return gateway;
    }

    async stop() {
        await this.sink.stop();
        await this.stack.stop();
    }

    async value(text) {
        this.asked++;
        return this.stack.sql.count(text);
    }

    async execute(text) {
        this.asked++;
        await this.stack.sql.rows(text);
    }

    // Statements that others have sent since the server started.
    async statements() {
        this.asked++;
        const rows = await this.stack.sql.rows(
            "SHOW GLOBAL STATUS LIKE 'Questions'");
        return Number(rows[0].Value) - this.asked;
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

    async drained(ms = 120_000) {
        await eventually('all jobs are done',
            async () => await this.jobs() === 0, ms);
        return nowUs();
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
        let ns = 0;
        for (const pid of kinds.flatMap((what) => this.stack.pids(what)))
            for (const task of readdirSync(`/proc/${pid}/task`))
                ns += Number(readFileSync(
                    `/proc/${pid}/task/${task}/schedstat`, 'utf8')
                    .split(' ')[0]);
        return ns / 1e9;
    }
}

let current = null; // the gateway that runs now

// Starts a gateway for one scenario and stops it whatever happens.
export async function withGateway(conf, steps) {
    const gateway = await Gateway.start(conf);
    current = gateway;
    try {
        return await steps(gateway);
    } finally {
        current = null;
        await gateway.stop();
    }
}

// Interrupted: no stack stays behind. Sink and floors end with this process.
export function stopOnSignals() {
    for (const signal of ['SIGINT', 'SIGTERM'])
        process.once(signal, async () => {
            await current?.stop().catch((error) => console.error(error));
            process.exit(1);
        });
}

export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle]
        : (sorted[middle - 1] + sorted[middle]) / 2;
}
