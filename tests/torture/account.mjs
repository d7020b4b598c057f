// account.mjs - compares what was promised with what is there. No input or
// output: the facts of a round go in, violations come out.
//
// facts: {
//   entries        of the ledger
//   subscriptions  [{id, name, patterns, ordering, ends(n)}]
//   events         [{id, n, type, externalId}] as stored
//   deliveries     [{id, kind, owner, event, status, attempts, ms}]
//   attempts       [{delivery, attempt, owner, kind, ms}]: failed, then retried
//   jobs           [text]: what is still there after the drain
//   arrivals       [{n, subscription, at, event, delivery, attempt, status,
//                  answeredAt}] at the receivers
//   faults         [{name, began, ended, repeats, loses, holds, forgets,
//                  leaves}]
//   nothing        {rejected, repeated}: {known, unknown}, webhooks that came
//                  to nothing
// }
// Ids are decimal text, times milliseconds of one clock.

import { orderViolations } from './order.mjs';
import { findRepeats } from './repeats.mjs';
import { matching } from './subscriptions.mjs';

export const DELIVER = 1;
export const PROCESS = 2;

function groupBy(list, key) {
    const out = new Map();
    for (const item of list) {
        const name = key(item);
        const group = out.get(name);
        if (group === undefined)
            out.set(name, [item]);
        else
            group.push(item);
    }
    return out;
}

// -- stored ------------------------------------------------------------------

// What the state of an entry says about how often it may be stored.
const mayBeStored = {
    acknowledged: (count) => count === 1,
    refused: (count) => count <= 1,
    unknown: (count) => count <= 1,
    rolled_back: (count) => count === 0,
    sent: () => false,
};

function storedWrong(entry, stored) {
    const text = `event ${entry.n} (${entry.via}, ${entry.state})`;
    if (!mayBeStored[entry.state](stored.length)) {
        if (stored.length === 0)
            return { what: 'lost', text };
        return { what: stored.length > 1 ? 'stored twice'
            : 'stored, though never sent whole or taken back', text };
    }
    const [event] = stored;
    if (event === undefined)
        return null;
    if (event.type !== entry.type || event.externalId !== entry.id)
        return { what: 'stored differently', text: `${text}: ${event.type}, ` +
            `id ${event.externalId}` };
    if (entry.event !== null && entry.event !== event.id)
        return { what: 'acknowledged as another event',
            text: `${text}: ${entry.event} is ${event.id}` };
    return null;
}

// A request's events are stored together or not at all.
function tornRequests(entries, byNumber) {
    const out = [];
    for (const group of groupBy(entries.values(),
        (entry) => entry.request).values()) {
        const there = group.filter((entry) => byNumber.has(entry.n)).length;
        if (there !== 0 && there !== group.length)
            out.push({ what: 'request stored in part',
                text: `events ${group[0].n}-${group.at(-1).n} ` +
                    `(${group[0].via}, ${group[0].state}): ${there} of ` +
                    `${group.length}` });
    }
    return out;
}

function checkStored({ entries, events, faults }, byNumber, counts) {
    const out = [];
    for (const entry of entries.values()) {
        const stored = byNumber.get(entry.n) ?? [];
        const wrong = storedWrong(entry, stored);
        if (wrong !== null)
            out.push(wrong);
        if (stored.length === 0)
            continue;
        counts.stored++;
        if (entry.state === 'unknown')
            counts.unknownStored++;
        if (entry.state === 'refused') {
            counts.refusedStored++;
            if (!faults.some(({ loses, began, ended }) => loses &&
                began <= entry.answeredAt && ended >= entry.sentAt))
                out.push({ what: 'refused, yet stored',
                    text: `event ${entry.n} (${entry.via})` });
        }
    }
    for (const event of events)
        if (!entries.has(event.n))
            out.push({ what: 'stored, though nobody sent it',
                text: `event ${event.id}, number ${event.n}` });
    for (const [id, group] of groupBy(events.filter((event) =>
        event.externalId !== null), (event) => event.externalId))
        if (group.length > 1)
            out.push({ what: 'one id, two events', text: `id ${id}: ` +
                group.map((event) => event.id).join(', ') });
    return out.concat(tornRequests(entries, byNumber));
}

// -- delivered ---------------------------------------------------------------

function checkDelivery(event, subscription, rows, arrivals) {
    const text = `event ${event.id} (number ${event.n}) to ` +
        subscription.name;
    if (rows.length !== 1)
        return { what: rows.length === 0 ? 'not delivered' : 'two deliveries',
            text: `${text}: ${rows.length} rows` };
    const [row] = rows;
    const want = subscription.ends(event.n);
    if (row.status !== want)
        return { what: 'ended differently', text: `${text}: ${row.status} ` +
            `after ${row.attempts} attempts, not ${want}` };
    if (arrivals.length === 0 || (want === 'success' &&
        !arrivals.some(({ status }) => status >= 200 && status < 300)))
        return { what: 'recorded, but never received', text };
    for (const arrival of arrivals)
        if (arrival.event !== event.id || arrival.delivery !== row.id)
            return { what: 'received under another id', text: `${text}: ` +
                `${arrival.event}, ${arrival.delivery}` };
    return null;
}

function checkDelivered(facts, counts) {
    const { subscriptions, events, deliveries, arrivals } = facts;
    const rowsOf = groupBy(deliveries, (row) => `${row.event}/${row.kind}/` +
        row.owner);
    const arrivalsOf = groupBy(arrivals, (one) => `${one.n}/` +
        one.subscription);
    const out = [];
    let used = 0;
    for (const event of events) {
        const inbound = event.type.startsWith('supabase.');
        const processed = rowsOf.get(`${event.id}/${PROCESS}/1`) ?? [];
        used += processed.length;
        if (processed.length !== (inbound ? 1 : 0) ||
            processed.some((row) => row.status !== 'success'))
            out.push({ what: 'processed wrongly', text: `event ${event.id}: ` +
                `${processed.length} rows` });
        for (const one of matching(subscriptions, event.type)) {
            const rows = rowsOf.get(`${event.id}/${DELIVER}/${one.id}`) ?? [];
            used += rows.length;
            const wrong = checkDelivery(event, one, rows,
                arrivalsOf.get(`${event.n}/${one.name}`) ?? []);
            if (wrong !== null)
                out.push(wrong);
        }
    }
    counts.deliveries += deliveries.length;
    if (used !== deliveries.length)
        out.push({ what: 'deliveries of no event or no subscription',
            text: `${deliveries.length - used} rows` });
    return out;
}

function checkAttempts({ deliveries, attempts }) {
    const out = [];
    const failed = groupBy(attempts, (row) => row.delivery);
    for (const row of deliveries) {
        const numbers = (failed.get(row.id) ?? []).map((one) => one.attempt)
            .sort((a, b) => a - b);
        failed.delete(row.id);
        if (numbers.length !== row.attempts - 1 ||
            numbers.some((number, i) => number !== i + 1))
            out.push({ what: 'attempts do not add up', text: `delivery ` +
                `${row.id}: ${row.attempts} attempts, failed before: ` +
                `${numbers.join(' ') || 'none'}` });
    }
    for (const [id, rows] of failed)
        out.push({ what: 'attempts without a delivery',
            text: `delivery ${id}: ${rows.length}` });
    return out;
}

function checkArrivals({ entries, arrivals }, byNumber) {
    return arrivals.filter((one) => !byNumber.has(one.n)).map((one) => ({
        what: entries.has(one.n) ? 'delivered, but not stored'
            : 'delivered again after its round',
        text: `number ${one.n} at ${one.subscription}` }));
}

// {violations: [{what, text}], repeats: [...], counts}
export function account(facts) {
    const counts = { stored: 0, unknownStored: 0, refusedStored: 0,
        deliveries: 0, arrivals: facts.arrivals.length };
    const byNumber = groupBy(facts.events, (event) => event.n);
    const repeats = findRepeats(facts.arrivals, facts.faults);
    const violations = [
        ...facts.jobs.map((text) => ({ what: 'stuck', text })),
        ...checkStored(facts, byNumber, counts),
        ...checkDelivered(facts, counts),
        ...checkAttempts(facts),
        ...checkArrivals(facts, byNumber),
        ...orderViolations(facts, byNumber),
        ...repeats.filter((repeat) => repeat.cause === null).map((repeat) => ({
            what: 'unexplained repeat', text: repeat.text })),
    ];
    return { violations, repeats, counts };
}
