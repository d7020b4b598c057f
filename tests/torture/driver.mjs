// driver.mjs - senders that go on whatever happens, each on a connection that
// is kept open through nginx.
//
// A sender that gave its event an id sends again until it is acknowledged, as
// the documentation asks it to; the others write down what they do not know.
// Some forget that they were acknowledged, and some cannot sign.

import http from 'node:http';
import { request } from '../func/lib/http.mjs';
import { idNumber } from '../func/lib/ids.mjs';
import { signed } from '../func/lib/sign.mjs';
import { pause } from '../func/lib/wait.mjs';
import { matching } from './subscriptions.mjs';

const TIMEOUT_MS = 20_000;
const PATIENCE_MS = 30_000; // with a gateway that should be whole
// One that fails holds up its whole lane, so these are few.
const LANE_PAUSE_MS = [40, 160];
const FAN_PAUSE_MS = [300, 1500];
const FORGED_PAUSE_MS = [50, 400];
const KEYS = 5;     // different ordering keys
const BODY = 200;   // bytes of padding in an event
// Postern's own refusal; the web server's says "The service ...".
const REFUSAL = 'The database is not available at the moment';

const pad = 'x'.repeat(BODY);

export class Driver {
    constructor(gateway, ledger, subscriptions, random) {
        this.gateway = gateway;
        this.ledger = ledger;
        this.subscriptions = subscriptions;
        this.random = random;
        this.agent = new http.Agent({ keepAlive: true });
        this.running = false;
        this.repeats = 0; // of requests with the same ids
        const has = (name) => subscriptions.some((one) => one.name === name);
        this.senders = [
            ...Array(4).fill(() => this.single()),
            ...Array(2).fill(() => this.array()),
            ...Array(2).fill(() => this.inbound()),
            () => this.forged(),
            () => this.fan(),
            ...(has('fifo') ? Array(2).fill(() => this.fifo()) : []),
            ...(has('keyed') ? Array(2).fill(() => this.keyed()) : []),
        ];
    }

    // More senders: objects with send().
    add(count, other) {
        this.senders.push(...Array(count).fill(() => other.send()));
    }

    start() {
        this.running = true;
        this.loops = Promise.all(this.senders.map((send) => this.loop(send)));
        this.loops.catch(() => {}); // whoever waits for it hears of it
    }

    // Resolves when everything that was sent has an end.
    async stop() {
        this.running = false;
        this.deadline = Date.now() + PATIENCE_MS;
        await this.loops;
    }

    // At once, in the middle of anything.
    close() {
        this.running = false;
        this.deadline = 0;
        this.agent.destroy();
    }

    async loop(send) {
        while (this.running) {
            await send();
            await pause(this.random.between(5, 40));
        }
    }

    expected(type) {
        return matching(this.subscriptions, type).length;
    }

    // -- what is sent --------------------------------------------------------

    idOrNot(share) {
        return this.random.chance(share)
            ? `id-${this.ledger.next}-${this.random.between(0, 1e9)}` : null;
    }

    async single() {
        const type = this.random.chance(0.05) ? 'torture.slow'
            : this.random.chance(0.1) ? 'torture.doomed' : 'torture.plain';
        const [entry] = this.ledger.add([{ via: 'trigger', type,
            id: this.idOrNot(0.4) }]);
        const headers = this.random.chance(0.3) ? { 'Idempotency-Key':
            `key-${entry.n}-${this.random.between(0, 1e9)}` } : {};
        await this.trigger([entry], false, entry.id === null ? headers : {});
        // A sender that has forgotten that it has sent it already.
        const forgets = entry.state === 'acknowledged' &&
            this.random.chance(0.2);
        if (forgets && entry.id !== null)
            await this.trigger([entry], false);
        else if (forgets && 'Idempotency-Key' in headers)
            await this.onceMore(entry, headers);
    }

    // The same key again: the same answer, or none for now, but nothing new.
    async onceMore(entry, headers) {
        const answer = await this.post('/api/events/trigger',
            this.bodyOf([entry], false), headers, this.gateway.token);
        this.repeats++;
        if (answer?.status === 202 &&
            answer.headers['idempotent-replayed'] === 'true')
            this.note([entry], [answer.json]);
        else if (answer !== null && ![409, 503].includes(answer.status))
            this.ledger.complain(`event ${entry.n} with a key again: ` +
                `${answer.status} ${answer.text}`);
    }

    async array() {
        const entries = this.ledger.add(Array.from(
            { length: this.random.between(2, 12) }, () => ({ via: 'array',
                type: this.random.chance(0.1) ? 'torture.doomed'
                    : 'torture.array' })));
        if (this.random.chance(0.3))
            for (const entry of entries)
                entry.id = `array-${entry.n}`;
        await this.trigger(entries, true);
    }

    async fifo() {
        const entries = this.ledger.add(Array.from(
            { length: this.random.chance(0.3) ? 4 : 1 }, () => ({ via: 'fifo',
                type: 'torture.fifo' })));
        await this.trigger(entries, entries.length > 1);
        await pause(this.random.between(...LANE_PAUSE_MS));
    }

    async keyed() {
        const key = `key-${this.random.between(1, KEYS)}`;
        const entries = this.ledger.add([{ via: 'keyed', type: 'torture.keyed',
            key, id: this.idOrNot(0.3) }]);
        await this.trigger(entries, false);
        await pause(this.random.between(...LANE_PAUSE_MS));
    }

    // One event for very many subscriptions.
    async fan() {
        await this.trigger(this.ledger.add([{ via: 'fan', type: 'torture.fan',
            id: this.idOrNot(0.3) }]), false);
        await pause(this.random.between(...FAN_PAUSE_MS));
    }

    async inbound() {
        const [entry] = this.ledger.add([{ via: 'inbound',
            type: 'supabase.torture.insert', inbound: true }]);
        const known = this.random.chance(0.4); // when it comes again
        const body = this.webhook(entry.n, known
            ? { metadata: { event_id: `torture-${entry.n}` } } : {});
        do {
            await this.receive(entry, body, known);
            if (known && entry.state !== 'acknowledged')
                await pause(this.random.between(50, 300));
        } while (known && entry.state !== 'acknowledged' &&
            (this.running || Date.now() < this.deadline));
        if (known && this.random.chance(0.3))
            await this.receive(entry, body, known);
    }

    webhook(n, more) {
        return Buffer.from(JSON.stringify({ event_type: 'insert',
            source: 'supabase', table_name: 'torture', record_id: String(n),
            data: { n, pad }, timestamp: new Date().toISOString(), ...more }));
    }

    async receive(entry, body, known) {
        const answer = await this.post('/api/v1/webhooks/supabase', body,
            signed(this.gateway.env.SUPABASE_SECRET, body));
        const repeated = known && answer?.status === 200;
        this.judge([entry], answer, (json) => {
            if (json.status !== (repeated ? 'duplicate' : 'accepted'))
                this.ledger.complain(`inbound ${entry.n}: ${answer.text}`);
        });
        if (known && entry.state === 'acknowledged')
            this.ledger.taken = body;
        if (known)
            this.tally('repeated', answer, repeated);
    }

    // A webhook that somebody else has signed.
    async forged() {
        const body = this.webhook(0, {});
        const answer = await this.post('/api/v1/webhooks/supabase', body,
            signed('nobody told them', body));
        this.tally('rejected', answer, answer?.status === 401);
        if (answer !== null && ![401, 503].includes(answer.status))
            this.ledger.complain(`forged: ${answer.status} ${answer.text}`);
        await pause(this.random.between(...FORGED_PAUSE_MS));
    }

    // Whether a webhook came to nothing, as far as its sender can tell.
    tally(what, answer, itDid) {
        if (itDid)
            this.ledger.nothing[what].known++;
        else if (answer === null || (answer.status === 503 &&
            !answer.text.includes(REFUSAL)))
            this.ledger.nothing[what].unknown++;
    }

    // -- sending -------------------------------------------------------------

    // null: nobody knows what became of it.
    async post(path, body, headers, token) {
        try {
            return await request(this.gateway.url, 'POST', path, { body,
                headers, token, agent: this.agent, timeout: TIMEOUT_MS });
        } catch {
            return null;
        }
    }

    bodyOf(entries, array) {
        const items = entries.map((entry) => ({ event: entry.type,
            data: { n: entry.n, pad },
            ...(entry.id === null ? {} : { id: entry.id }),
            ...(entry.key === null ? {} : { ordering_key: entry.key }) }));
        return JSON.stringify(array ? items : items[0]);
    }

    async trigger(entries, array, headers = {}) {
        const body = this.bodyOf(entries, array);
        const patient = entries.every((entry) => entry.id !== null);
        for (;;) {
            const answer = await this.post('/api/events/trigger', body,
                headers, this.gateway.token);
            this.judge(entries, answer, (json) =>
                this.note(entries, array ? json : [json]));
            if (!patient || entries[0].state === 'acknowledged' ||
                (!this.running && Date.now() > this.deadline))
                return;
            this.repeats++;
            await pause(this.random.between(50, 300));
        }
    }

    judge(entries, answer, acknowledged) {
        const known = entries[0].state === 'acknowledged';
        if (answer !== null && answer.status >= 200 && answer.status < 300) {
            try {
                acknowledged(answer.json);
            } catch (error) {
                this.ledger.complain(`event ${entries[0].n}: ${error.message}`);
            }
            if (!known)
                this.ledger.settle(entries, 'acknowledged');
        } else if (answer !== null && answer.status !== 503) {
            this.ledger.complain(`event ${entries[0].n} (${entries[0].via}): ` +
                `${answer.status} ${answer.text}`);
        } else if (!known && entries[0].state !== 'unknown') {
            this.ledger.settle(entries, answer !== null &&
                answer.text.includes(REFUSAL) ? 'refused' : 'unknown');
        }
    }

    // The answer of an acknowledged trigger.
    note(entries, list) {
        if (!Array.isArray(list) || list.length !== entries.length) {
            this.ledger.complain(`event ${entries[0].n}: ` +
                `${JSON.stringify(list)} for ${entries.length} events`);
            return;
        }
        entries.forEach((entry, i) => {
            const { event_id, matched } = list[i];
            const event = idNumber(event_id);
            if (matched !== this.expected(entry.type))
                this.ledger.complain(`event ${entry.n}: matched ${matched}`);
            if (entry.event !== null && entry.event !== event)
                this.ledger.complain(`event ${entry.n} with the id ` +
                    `${entry.id} is ${entry.event} and ${event}`);
            entry.event = event;
        });
    }
}
