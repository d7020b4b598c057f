// killer.mjs - deals the faults: every kind comes up before one comes twice.

import { now } from './clock.mjs';
import { pause } from '../func/lib/wait.mjs';
import { faults } from './faults.mjs';

const PER_ROUND = [3, 4];
const WITHIN_MS = 4000; // of a round's beginning
const OFTEN = 3;        // rounds

export class Killer {
    constructor(gateway, random) {
        this.gateway = gateway;
        this.random = random;
        this.deck = [];
        this.locks = new Map();
        this.counts = new Map(faults.map(({ name }) => [name, 0]));
    }

    // Those that this machine does not permit.
    get missing() {
        return faults.filter((fault) => fault.needs !== undefined &&
            this.gateway[fault.needs] === null);
    }

    deal() {
        if (this.deck.length === 0)
            this.deck = this.random.shuffled(faults.filter((fault) =>
                !this.missing.includes(fault)));
        return this.deck.pop();
    }

    // What a round will do, drawn before it begins.
    plan() {
        return Array.from({ length: this.random.between(...PER_ROUND) },
            () => ({ fault: this.deal(),
                after: this.random.between(300, WITHIN_MS),
                random: this.random.fork(String(this.random.number())) }));
    }

    // Whatever was to make statements fail and has met none, again and again.
    withoutEffect() {
        return faults.filter(({ name, kind }) => kind !== undefined &&
            this.counts.get(name) >= OFTEN &&
            this.gateway.proxy.hitCount(kind) === 0)
            .map(({ name }) => ({ what: 'fault without effect', text: name }));
    }

    // One at a time for each process.
    async alone(name, steps) {
        const before = this.locks.get(name) ?? Promise.resolve();
        const mine = before.then(steps);
        this.locks.set(name, mine.catch(() => {}));
        return mine;
    }

    // Carries a plan out. Returns the faults as account.mjs takes them.
    async strike(plan) {
        return Promise.all(plan.map(async ({ fault, after, random }) => {
            await pause(after);
            const times = await fault.run({ gateway: this.gateway,
                proxy: this.gateway.proxy, random,
                alone: (name, steps) => this.alone(name, steps) });
            this.counts.set(fault.name, this.counts.get(fault.name) + 1);
            return { name: fault.name, ...times,
                repeats: fault.repeats(times),
                loses: fault.loses?.(times) ?? false,
                holds: fault.holds ?? false,
                forgets: fault.forgets ?? false,
                leaves: fault.leaves ?? false };
        }));
    }
}
