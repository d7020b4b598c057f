// traffic.mjs - senders that keep sending, and an account of every answer.

import http from 'node:http';
import { request } from './http.mjs';
import { signed } from './sign.mjs';
import { within } from './wait.mjs';

// `senders` loops on connections that are kept open, each sending what
// make(n) gives ({path, body, id, headers?}) and counting n up together.
export class Traffic {
    constructor(stack, senders, make) {
        this.stack = stack;
        this.make = make;
        this.agent = new http.Agent({ keepAlive: true, maxSockets: senders });
        this.next = 0;
        this.acknowledged = []; // ids answered 2xx
        this.refused = [];      // answers 503
        this.others = [];       // anything else, as text
        this.waiting = [];
        this.running = true;
        this.loops = Array.from({ length: senders }, () => this.loop());
    }

    async loop() {
        while (this.running) {
            const one = this.make(this.next++);
            try {
                const answer = await request(this.stack.url, 'POST', one.path,
                    { body: one.body, headers: one.headers,
                        agent: this.agent, timeout: 30_000 });
                if (answer.status >= 200 && answer.status < 300)
                    this.acknowledged.push(one.id);
                else if (answer.status === 503)
                    this.refused.push(answer);
                else
                    this.others.push(`${answer.status} ${answer.text}`);
            } catch (error) {
                this.others.push(String(error));
            }
            const ready = this.waiting.filter((w) => w.test(this));
            this.waiting = this.waiting.filter((w) => !ready.includes(w));
            for (const { resolve } of ready)
                resolve();
        }
    }

    // Resolves after an answer once test(this) holds.
    until(what, test, ms = 30_000) {
        if (test(this))
            return Promise.resolve();
        return within(new Promise((resolve) =>
            this.waiting.push({ test, resolve })), ms, what);
    }

    async stop() {
        this.running = false;
        await Promise.all(this.loops);
        this.agent.destroy();
    }
}

// A signed Supabase body of about `bytes` bytes for that record.
export function supabaseRequest(secret, table, id, bytes = 600) {
    const body = { event_type: 'insert', source: 'supabase',
        table_name: table, record_id: id, data: { id, pad: '' },
        timestamp: '2026-01-01T15:00:00Z' };
    const length = JSON.stringify(body).length;
    body.data.pad = 'x'.repeat(Math.max(0, bytes - length));
    const text = JSON.stringify(body);
    return { path: '/api/v1/webhooks/supabase', body: text, id,
        headers: signed(secret, text) };
}
