// recount.mjs - the hourly counters, counted again from the rows that they
// count.

import { DELIVER, PROCESS } from './account.mjs';

const BOUNDS_MS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000,
    60000, Infinity];

// Durations are stored in whole milliseconds, cut off, and counted in
// microseconds: one that says 5 may lie in either of two buckets.
function bucketsWrong(counters, durations) {
    let counted = 0;
    for (let i = 0; i < BOUNDS_MS.length; i++) {
        counted += counters[`b${i}`];
        const least = durations.filter((ms) => ms < BOUNDS_MS[i]).length;
        const most = durations.filter((ms) => ms <= BOUNDS_MS[i]).length;
        if (counted < least || counted > most)
            return `up to b${i}: ${counted}, not ${least}` +
                (most > least ? ` to ${most}` : '');
    }
    return null;
}

function compare(what, name, counters, want, out) {
    for (const [column, value] of Object.entries(want))
        if (counters[column] !== value)
            out.push({ what, text: `${name}: ${column} is ` +
                `${counters[column]}, not ${value}` });
}

function bySubscription({ subscriptions, deliveries, attempts }, counters) {
    const out = [];
    for (const { id, name } of subscriptions) {
        const ended = deliveries.filter((row) => row.kind === DELIVER &&
            row.owner === id);
        const tried = attempts.filter((row) => row.kind === DELIVER &&
            row.owner === id);
        const all = [...ended, ...tried];
        const good = ended.filter((row) => row.status === 'success').length;
        const have = counters.get(id) ?? {};
        compare('rollup_subscriptions', name, have, all.length === 0 ? {} : {
            successful: good, failed: ended.length - good,
            attempts: all.length, attempts_failed: all.length - good,
            duration_ms: all.reduce((sum, row) => sum + row.ms, 0) }, out);
        const wrong = all.length === 0 ? null
            : bucketsWrong(have, all.map((row) => row.ms));
        if (wrong !== null)
            out.push({ what: 'rollup_subscriptions',
                text: `${name}: ${wrong}` });
    }
    return out;
}

function byType({ events, deliveries }, counters) {
    const typeOf = new Map(events.map((event) => [event.id, event.type]));
    const want = new Map();
    for (const row of deliveries) {
        if (row.kind !== DELIVER)
            continue;
        const type = typeOf.get(row.event);
        const sums = want.get(type) ?? { successful: 0, failed: 0 };
        sums[row.status === 'success' ? 'successful' : 'failed']++;
        want.set(type, sums);
    }
    const out = [];
    for (const [type, sums] of want)
        compare('rollup_types', type, counters.get(type) ?? {}, sums, out);
    return out;
}

function bySource({ deliveries }, counters) {
    const out = [];
    const ended = deliveries.filter((row) => row.kind === PROCESS);
    const good = ended.filter((row) => row.status === 'success').length;
    const have = counters.get(1) ?? {};
    if (ended.length === 0)
        return out;
    compare('rollup_sources', 'supabase', have, { processed: good,
        failed: ended.length - good, retries: 0 }, out);
    const wrong = bucketsWrong(have, ended.map((row) => row.ms));
    if (wrong !== null)
        out.push({ what: 'rollup_sources', text: wrong });
    return out;
}

const REASONS = { rejected: 'signature_mismatch', repeated: 'duplicate' };

// Responders write each second what they have counted. What they had not when
// they were killed is lost, and who does not hear whether COMMIT came to its
// end does not count again: a counter says too little then, never too much.
function byReceiving({ nothing, faults }, { receiving, rejections }) {
    const forgotten = faults.some(({ forgets }) => forgets) ||
        (faults.some(({ leaves }) => leaves) &&
        faults.some(({ holds }) => holds));
    const have = receiving.get(1) ?? {};
    const out = [];
    function check(what, text, value, { known, unknown }, least) {
        if (value < least || value > known + unknown)
            out.push({ what, text: `${text} is ${value}, not ` +
                `${least} to ${known + unknown}` });
    }
    for (const [column, reason] of Object.entries(REASONS)) {
        const { [column]: wanted } = nothing;
        const least = forgotten ? 0 : wanted.known;
        check('rollup_receiving', `supabase: ${column}`, have[column] ?? 0,
            wanted, least);
        // Of a flood there are fewer rows, and one that says so.
        check('rejections', reason, rejections.get(reason)?.count ?? 0, wanted,
            (rejections.get('dropped')?.count ?? 0) > 0 ? 0 : least);
    }
    for (const column of ['ignored', 'mismatched'])
        if ((have[column] ?? 0) !== 0)
            out.push({ what: 'rollup_receiving', text: `supabase: ${column} ` +
                `is ${have[column]}, not 0` });
    return out;
}

// What was added to the counters in a round, by key: the difference of two
// readings.
export function difference(before, after) {
    const out = new Map();
    for (const [key, row] of after) {
        const old = before.get(key) ?? {};
        out.set(key, Object.fromEntries(Object.entries(row).map(
            ([column, value]) => [column, value - (old[column] ?? 0)])));
    }
    return out;
}

// counters: {subscriptions, types, sources, receiving, rejections}, each a Map
// as above.
export function recount(facts, counters) {
    return [...bySubscription(facts, counters.subscriptions),
        ...byType(facts, counters.types),
        ...bySource(facts, counters.sources),
        ...byReceiving(facts, counters)];
}
