// order.mjs - the order of lanes: who was acknowledged before another was even
// sent has to come first, and to have been taken before the other comes. Rows
// of `outbox` that are committed late have no such order.

import { matching, SCHEDULE } from './subscriptions.mjs';

// When each event came for the first time, and when it made way for the next:
// with the first 2xx, or with the answer to its last attempt.
function firstTimes(arrivals, { name, schedule }) {
    const last = (schedule ?? SCHEDULE).length + 1;
    const out = new Map(); // n: {came, taken}
    for (const one of arrivals) {
        if (one.subscription !== name)
            continue;
        const times = out.get(one.n) ?? { came: one.at, taken: Infinity };
        if ((one.status >= 200 && one.status < 300) || one.attempt === last)
            times.taken = Math.min(times.taken, one.answeredAt);
        out.set(one.n, times);
    }
    return out;
}

function compare(earlier, later, lane, times) {
    const a = times.get(earlier.n);
    const b = times.get(later.n);
    // One that is missing is reported elsewhere.
    if (a === undefined || b === undefined || a.taken <= b.came)
        return null;
    return { what: 'out of order', text: `lane ${lane}: number ${later.n} ` +
        `came at ${b.came.toFixed(1)} ms, ${earlier.n} before it came at ` +
        `${a.came.toFixed(1)} and was taken at ${a.taken.toFixed(1)} ms` };
}

// Of those that were acknowledged before `entry` was sent, the one that was
// taken last is the one to compare with.
function checkLane(lane, entries, times) {
    const out = [];
    const bySent = [...entries].sort((a, b) => a.sentAt - b.sentAt ||
        a.n - b.n);
    const byAnswer = entries.filter((one) => one.state === 'acknowledged')
        .sort((a, b) => a.answeredAt - b.answeredAt);
    let at = 0;
    let latest = null;
    bySent.forEach((entry, i) => {
        for (; at < byAnswer.length &&
            byAnswer[at].answeredAt < entry.sentAt; at++) {
            const taken = times.get(byAnswer[at].n)?.taken ?? -Infinity;
            if (latest === null || taken > times.get(latest.n).taken)
                latest = times.has(byAnswer[at].n) ? byAnswer[at] : latest;
        }
        const before = bySent[i - 1];
        const pairs = [latest, before?.request === entry.request ? before
            : null].filter((one) => one !== null);
        for (const earlier of pairs) {
            const wrong = compare(earlier, entry, lane, times);
            if (wrong !== null)
                out.push(wrong);
        }
    });
    return out;
}

export function orderViolations({ entries, arrivals, subscriptions },
    byNumber) {
    const out = [];
    const stored = [...entries.values()].filter((one) => byNumber.has(one.n) &&
        one.via !== 'outbox');
    for (const one of subscriptions) {
        if (one.ordering !== 'fifo')
            continue;
        const lanes = new Map();
        for (const entry of stored) {
            if (matching([one], entry.type).length === 0)
                continue;
            const lane = lanes.get(entry.key) ?? [];
            lane.push(entry);
            lanes.set(entry.key, lane);
        }
        const times = firstTimes(arrivals, one);
        for (const [key, list] of lanes)
            out.push(...checkLane(`${one.name}/${key ?? ''}`, list, times));
    }
    return out;
}
