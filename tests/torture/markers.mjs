// markers.mjs - waits until the responders have written down what they have
// counted: they do it all at once, so that what they count last comes last.
//
// What is counted last is refused by a source that nobody else sends to. And as
// all is quiet then, it has to be counted exactly.

import { pause } from '../func/lib/wait.mjs';
import { RESPONDERS } from './gateway.mjs';
import { MARKED } from './snapshot.mjs';

const AT_ONCE = 20; // the web server shares them out
const PATIENCE_MS = 30_000;

export class Markers {
    constructor(gateway) {
        this.gateway = gateway;
    }

    // Map(slot: refused). Each responder has a slot of its own.
    async counted() {
        const rows = await this.gateway.sql.rows('SELECT slot, SUM(rejected) ' +
            'AS n FROM rollup_receiving WHERE source_id = ? GROUP BY slot',
        [MARKED]);
        return new Map(rows.map(({ slot, n }) => [slot, Number(n)]));
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
        const before = await this.counted();
        const end = Date.now() + PATIENCE_MS;
        let sent = await this.send();
        for (;;) {
            const added = [...await this.counted()].map(([slot, n]) =>
                n - (before.get(slot) ?? 0)).filter((n) => n > 0);
            const total = added.reduce((sum, n) => sum + n, 0);
            if (total === sent && added.length >= RESPONDERS)
                return [];
            if (total > sent || Date.now() > end)
                return [{ what: 'rollup_receiving', text: 'notion, in peace: ' +
                    `${added.join(' + ') || 0}, not ${sent}` }];
            if (total === sent)
                sent += await this.send();
            await pause(100);
        }
    }
}
