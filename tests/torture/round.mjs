// round.mjs - some seconds of traffic with faults in it, then everything whole
// again, drained and accounted for.

import { pause } from '../func/lib/wait.mjs';
import { account } from './account.mjs';
import { now } from './clock.mjs';
import { LEASE_S } from './gateway.mjs';
import { difference, recount } from './recount.mjs';
import { idAt, readCounters, readRound } from './snapshot.mjs';

const TRAFFIC_MS = 5000; // at least
const DRAIN_MS = 120_000;
const CLOCK_SLACK_MS = 2000;

export class Rounds {
    // parts: gateway, sink, driver, killer, ledger, subscriptions, markers,
    // changes
    constructor(parts) {
        Object.assign(this, parts);
        this.counters = null;
    }

    // {faults, violations, repeats, counts, drained, traffic_s, drain_s}
    async run() {
        const { gateway, sink, driver, killer, ledger } = this;
        const began = now();
        const low = idAt(Date.now() - CLOCK_SLACK_MS);
        this.counters ??= await readCounters(gateway.sql);
        sink.collect();
        ledger.begin();
        driver.start();
        const enough = pause(TRAFFIC_MS);
        const faults = await killer.strike(killer.plan());
        await enough;
        await gateway.heal();
        await driver.stop();
        const healed = now();
        const drained = await gateway.drained(DRAIN_MS);
        const result = await this.account(low, sink.collect(), faults);
        return { ...result, faults, drained, traffic_s: (healed - began) / 1000,
            drain_s: (now() - healed) / 1000 };
    }

    async account(low, arrivals, faults) {
        const { gateway, sink, ledger, subscriptions } = this;
        const facts = { entries: ledger.entries, nothing: ledger.nothing,
            subscriptions, arrivals,
            faults: [...faults, ...this.lostLeases(faults)],
            ...await readRound(gateway.sql, low, ledger.first) };
        const result = account(facts);
        result.violations.push(...await this.markers.written(),
            ...await this.changes.lost());
        const counters = await readCounters(gateway.sql);
        const added = Object.fromEntries(Object.keys(counters).map((name) =>
            [name, difference(this.counters[name], counters[name])]));
        this.counters = counters;
        result.violations.push(...recount(facts, added),
            ...ledger.wrong.map((text) => ({ what: 'wrong answer', text })),
            ...sink.strays.splice(0).map((text) => ({ what: 'stray request',
                text })),
            ...this.deaths(faults));
        for (const [name, { known }] of Object.entries(ledger.nothing))
            result.counts[name] = known;
        result.counts.changes = this.changes.acknowledged();
        for (const state of ['acknowledged', 'refused', 'unknown',
            'rolled_back'])
            result.counts[state] = ledger.count(state);
        if (result.counts.acknowledged === 0)
            result.violations.push({ what: 'nothing acknowledged',
                text: `of ${ledger.entries.size} events` });
        return result;
    }

    // A lease that could not be renewed for so long that it ran out: what was
    // not recorded by then is done again. Only where the database failed.
    lostLeases(faults) {
        const losses = this.gateway.leaseLosses();
        if (!faults.some(({ holds }) => holds))
            return [];
        return losses.map((at) => ({ name: 'lease run out, database failing',
            began: at - LEASE_S * 1000, ended: at + 1000, repeats: true,
            loses: false }));
    }

    // Who ended without having been asked to, or not as one should. MariaDB
    // may, while its disk is full.
    deaths(faults) {
        const full = faults.some(({ name }) => name === 'disk full');
        return this.gateway.deaths.splice(0)
            .filter(({ name }) => !(name === 'mariadbd' && full))
            .map(({ name, how }) => ({ what: 'ended badly',
                text: `${name}: ${how}` }));
    }
}
