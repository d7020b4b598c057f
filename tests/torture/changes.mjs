// changes.mjs - somebody who changes subscriptions over and over, and knows
// which change was acknowledged last.

import { pause } from '../func/lib/wait.mjs';

const PAUSE_MS = [150, 900];
const TIMEOUT_S = 5; // of the subscriptions before
const CHANGED_S = [6, 30];
const CHANGED = ['all', 'flaky', 'outbox'];

export class Changes {
    constructor(gateway, subscriptions, random, pauseMs = PAUSE_MS) {
        this.gateway = gateway;
        this.random = random;
        this.pauseMs = pauseMs;
        this.count = 0;
        // What it may be: the value acknowledged last, and those sent since of
        // which nobody knows.
        this.known = new Map(subscriptions.filter(({ name }) =>
            CHANGED.includes(name)).map(({ id }) => [id, [TIMEOUT_S]]));
        this.wrong = [];
    }

    async send() {
        const id = this.random.pick([...this.known.keys()]);
        const timeout = this.random.between(...CHANGED_S);
        const answer = await this.gateway.api().patch(`/api/webhooks/${id}`,
            { timeout }).catch(() => null);
        if (answer === null || answer.status === 503) {
            this.known.get(id).push(timeout);
        } else if (answer.status === 200 && answer.json.timeout === timeout) {
            this.known.set(id, [timeout]);
            this.count++;
        } else {
            this.wrong.push({ what: 'wrong answer', text: `change of ${id}: ` +
                `${answer.status} ${answer.text}` });
        }
        await pause(this.random.between(...this.pauseMs));
    }

    // How many since it was asked last.
    acknowledged() {
        const { count } = this;
        this.count = 0;
        return count;
    }

    // [{what, text}]: those that were acknowledged and are not there.
    async lost() {
        const out = this.wrong.splice(0);
        for (const [id, values] of this.known) {
            const answer = await this.gateway.api().get(`/api/webhooks/${id}`);
            const { timeout } = answer.json;
            if (!values.includes(timeout))
                out.push({ what: 'change lost', text: `subscription ${id}: ` +
                    `timeout ${timeout}, not ${values.join(' or ')}` });
            this.known.set(id, [timeout]);
        }
        return out;
    }
}
