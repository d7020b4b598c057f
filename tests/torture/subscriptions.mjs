// subscriptions.mjs - who gets which events, and how each receiver behaves.
//
// How a receiver answers is decided by subscription and number of the event
// alone, so that a repeat meets the same receiver as the first try did.

import { fate } from './random.mjs';

const FAN = 120; // so many at once that the worker makes their jobs in steps

// How long to wait before each retry, where a subscription says nothing else.
export const SCHEDULE = [1, 1, 1, 1, 1, 1, 1, 1];

// answers(n, seen): what the receiver does with event n when it comes for the
// time seen (from 1): {status, ms?} or {drop: true}.
// ends(n): how the delivery has to end.
const always = () => ({ status: 200 });
const success = () => 'success';

function firstFails(n, seen, name, share) {
    const chosen = fate(name, n);
    if (chosen < share && seen === 1)
        return { status: 500 };
    if (chosen > 1 - share / 4 && seen <= 2)
        return seen === 1 ? { drop: true } : { status: 503 };
    return { status: 200 };
}

// Has two attempts, and some events fail at both.
function doomed(name, share) {
    const isDoomed = (n) => fate(name, n) < share;
    return { name, schedule: [1],
        answers: (n) => ({ status: isDoomed(n) ? 500 : 200 }),
        ends: (n) => (isDoomed(n) ? 'failed' : 'success') };
}

export const subscriptions = [
    { name: 'all', patterns: ['*'], answers: always, ends: success },
    { name: 'flaky', patterns: ['torture.plain', 'torture.array'],
        answers: (n, seen) => firstFails(n, seen, 'flaky', 0.1),
        ends: success },
    { name: 'slow', patterns: ['torture.slow'],
        answers: (n) => ({ status: 200, ms: 300 + 1000 * fate('slow', n) }),
        ends: success },
    { ...doomed('doomed', 0.05), patterns: ['torture.doomed'] },
    { name: 'relay', patterns: ['supabase.torture.*'],
        answers: (n, seen) => firstFails(n, seen, 'relay', 0.05),
        ends: success },
    { name: 'outbox', patterns: ['outbox.*'], answers: always, ends: success },
    { name: 'fifo', patterns: ['torture.fifo'], ordering: 'fifo',
        answers: (n, seen) => firstFails(n, seen, 'fifo', 0.01),
        ends: success },
    { name: 'keyed', patterns: ['torture.keyed'], ordering: 'fifo',
        answers: (n, seen) => firstFails(n, seen, 'keyed', 0.04),
        ends: success },
    // One that has failed for good makes way for the next.
    { ...doomed('skip', 0.01), patterns: ['torture.fifo', 'torture.keyed'],
        ordering: 'fifo' },
    { name: 'fan-fifo', patterns: ['torture.fan'], ordering: 'fifo',
        answers: always, ends: success },
    ...Array.from({ length: FAN }, (_, i) => ({ name: `fan-${i}`,
        patterns: ['torture.fan'], answers: always, ends: success })),
];

function covers(pattern, type) {
    if (pattern === '*' || pattern === type)
        return true;
    return pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1));
}

export function matching(list, type) {
    return list.filter((one) => one.patterns.some((p) => covers(p, type)));
}

// Creates them; `id` is added to each. Those that ask for order are left out
// where the gateway does not know of it.
export async function subscribeAll(api, base) {
    const made = [];
    for (const one of subscriptions) {
        const answer = await api.post('/api/webhooks', {
            url: `${base}/${one.name}`, events: one.patterns, timeout: 5,
            retry_schedule: one.schedule ?? SCHEDULE,
            ...(one.ordering === undefined ? {}
                : { ordering: one.ordering }),
        });
        if (answer.status === 422 && one.ordering !== undefined)
            continue;
        if (answer.status !== 201)
            throw new Error(`subscription ${one.name}: ${answer.text}`);
        made.push({ ...one, id: answer.json.id });
    }
    return made;
}
