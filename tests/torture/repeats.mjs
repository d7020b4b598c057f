// repeats.mjs - deliveries that came once more than they had to, and why.
//
// A retry after a failed attempt is none: it has the next attempt number. A
// repeat is a request for something that was answered with 2xx already, or an
// attempt number that came before. Where the receiver itself closed a
// connection that had been used before, libcurl sends the request once more by
// itself: the same attempt.

// Requests under way when a process dies arrive a little later, on a machine
// that has other work.
const SLACK_MS = 1500;
// What could not be written while the database failed is, so long after that.
const HELD_MS = 3000;

function isRepeat(arrival, before) {
    return before.some((one) =>
        (one.attempt === arrival.attempt && !one.dropped) ||
        (one.status >= 200 && one.status < 300));
}

// Since when results may have waited to be written when the fault came: a
// moment before, or since the database began to fail, if it did until then.
function heldSince({ began }, faults) {
    const holding = faults.filter(({ holds }) => holds)
        .sort((a, b) => b.began - a.began);
    let since = began;
    for (const one of holding)
        if (one.ended + HELD_MS >= since)
            since = Math.min(since, one.began);
    return since - SLACK_MS;
}

// A fault explains a repeat if it harmed between the two arrivals, and the
// answer to the first need not have been written by then.
function causeOf(first, second, faults) {
    return faults.find((fault) => fault.repeats &&
        fault.began <= second.at + SLACK_MS &&
        fault.ended >= first.at - SLACK_MS &&
        heldSince(fault, faults) <= (first.answeredAt ?? first.at))?.name ??
        null;
}

// [{subscription, n, cause: name of a fault or null, text}]
export function findRepeats(arrivals, faults) {
    const out = [];
    const byDelivery = new Map();
    for (const arrival of arrivals) {
        const key = `${arrival.subscription}/${arrival.n}`;
        const before = byDelivery.get(key) ?? [];
        byDelivery.set(key, before);
        if (isRepeat(arrival, before)) {
            const last = before.at(-1);
            out.push({ subscription: arrival.subscription, n: arrival.n,
                cause: causeOf(last, arrival, faults),
                text: `number ${arrival.n} at ${arrival.subscription}: ` +
                    `attempt ${last.attempt} at ${last.at.toFixed(0)} ms ` +
                    `(${last.status}), attempt ${arrival.attempt} at ` +
                    `${arrival.at.toFixed(0)} ms` });
        }
        before.push(arrival);
    }
    return out;
}
