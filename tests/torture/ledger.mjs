// ledger.mjs - what was sent and what was answered, by number.
//
// An entry is `sent` until one of these is known of it:
//   acknowledged  a 2xx was received whole, or COMMIT was answered
//   refused       Postern said that it has not taken it (503)
//   unknown       the connection was lost, or the web server could not say
//   rolled_back   the application has taken it back itself

import { now } from './clock.mjs';

export class Ledger {
    constructor() {
        this.next = 1;
        this.requests = 0;
        this.taken = null; // a webhook that was; again it is a repeat
        this.begin();
    }

    // A new round: its entries are those made from now on.
    begin() {
        this.first = this.next;
        this.entries = new Map();
        this.wrong = []; // answers that nobody should give
        // Webhooks that came to nothing: those that were told so, and those
        // of which nobody knows whether it was they who were.
        this.nothing = { rejected: { known: 0, unknown: 0 },
            repeated: { known: 0, unknown: 0 } };
    }

    // The events of one request, which are stored together or not at all.
    add(list) {
        const request = ++this.requests;
        const sentAt = now();
        return list.map((fields, index) => {
            const entry = { n: this.next++, request, index, sentAt,
                answeredAt: null, state: 'sent', event: null, id: null,
                key: null, ...fields };
            this.entries.set(entry.n, entry);
            return entry;
        });
    }

    settle(entries, state) {
        const answeredAt = now();
        for (const entry of entries) {
            entry.state = state;
            entry.answeredAt = answeredAt;
        }
    }

    complain(text) {
        this.wrong.push(text);
    }

    count(state) {
        let count = 0;
        for (const entry of this.entries.values())
            count += entry.state === state ? 1 : 0;
        return count;
    }
}
