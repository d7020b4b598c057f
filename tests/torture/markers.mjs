// markers.mjs - waits until the responders have written down what they have
// counted: they do it all at once, so that what they count last comes last.
//
// What is counted last is refused by a source that nobody else sends to. And as
// all is quiet then, it has to be counted exactly, and so have webhooks that
// are sent once more after it; each has a row in `rejections` as well.

import { signed } from '../func/lib/sign.mjs';
import { pause } from '../func/lib/wait.mjs';
import { RESPONDERS } from './gateway.mjs';
import { MARKED } from './snapshot.mjs';

const AT_ONCE = 20; // the web server shares them out
const REPEATS = 10;
const REPEATED = 1; // their source
const PATIENCE_MS = 30_000;

export class Markers {
    constructor(gateway, ledger, patienceMs = PATIENCE_MS) {
        this.gateway = gateway;
        this.ledger = ledger;
        this.patienceMs = patienceMs;
    }

    // Map(slot: refused). Each responder has a slot of its own.
    async counted() {
        const rows = await this.gateway.sql.rows('SELECT slot, SUM(rejected) ' +
            'AS n FROM rollup_receiving WHERE source_id = ? GROUP BY slot',
        [MARKED]);
        return new Map(rows.map(({ slot, n }) => [slot, Number(n)]));
    }

    refusedRows() {
        return this.gateway.sql.count('SELECT COUNT(*) FROM rejections ' +
            'WHERE source_id = ?', [MARKED]);
    }

    async repeats() {
        const { sql } = this.gateway;
        return { counted: await sql.count('SELECT COALESCE(SUM(repeated), 0) ' +
            'FROM rollup_receiving WHERE source_id = ?', [REPEATED]),
        rows: await sql.count('SELECT COUNT(*) FROM rejections WHERE ' +
            "source_id = ? AND reason = 'duplicate'", [REPEATED]) };
    }

    // How many were refused.
    async send() {
        let refused = 0;
        for (let i = 0; i < AT_ONCE; i++) {
            const answer = await this.gateway.api().post(
                '/api/v1/webhooks/notion', '{}');
            refused += answer.status === 401 ? 1 : 0;
        }
        return refused;
    }

    // [{what, text}], empty if all were counted, by all responders.
    async written() {
        const found = await this.refused();
        return found.length > 0 ? found : await this.repeated();
    }

    async refused() {
        const before = await this.counted();
        const rowsBefore = await this.refusedRows();
        const end = Date.now() + this.patienceMs;
        let sent = await this.send();
        for (;;) {
            const added = [...await this.counted()].map(([slot, n]) =>
                n - (before.get(slot) ?? 0)).filter((n) => n > 0);
            const total = added.reduce((sum, n) => sum + n, 0);
            const rows = await this.refusedRows() - rowsBefore;
            if (total === sent && rows === sent && added.length >= RESPONDERS)
                return [];
            if (total > sent || rows > sent || Date.now() > end)
                return [
                    ...wrong('rollup_receiving', 'notion', total, sent,
                        added.length > 0 ? added.join(' + ') : '0'),
                    ...wrong('rejections', 'notion', rows, sent),
                    ...(added.length < RESPONDERS && total === sent
                        ? [{ what: 'rollup_receiving', text: 'notion, in ' +
                            `peace: counted by ${added.length} responders` }]
                        : []),
                ];
            if (total === sent && rows === sent)
                sent += await this.send();
            await pause(100);
        }
    }

    // A webhook that was taken before, over and over.
    async repeated() {
        const body = this.ledger.taken;
        if (body === null)
            return [{ what: 'nothing to send again', text: 'no webhook' }];
        const { env } = this.gateway;
        const before = await this.repeats();
        const end = Date.now() + this.patienceMs;
        for (let i = 0; i < REPEATS; i++) {
            const answer = await this.gateway.api().post(
                '/api/v1/webhooks/supabase', body,
                { headers: signed(env.SUPABASE_SECRET, body) });
            if (answer.status !== 200)
                return [{ what: 'wrong answer', text: 'a webhook again, in ' +
                    `peace: ${answer.status} ${answer.text}` }];
            this.ledger.nothing.repeated.known++;
        }
        for (;;) {
            const after = await this.repeats();
            const counted = after.counted - before.counted;
            const rows = after.rows - before.rows;
            if (counted === REPEATS && rows === REPEATS)
                return [];
            if (counted > REPEATS || rows > REPEATS || Date.now() > end)
                return [
                    ...wrong('rollup_receiving', 'repeated', counted, REPEATS),
                    ...wrong('rejections', 'duplicate', rows, REPEATS)];
            await pause(100);
        }
    }
}

function wrong(what, name, value, want, shown = value) {
    return value === want ? []
        : [{ what, text: `${name}, in peace: ${shown}, not ${want}` }];
}
