// wait.mjs - deadlines: every wait of a test ends by itself.
//
// Sanitizer builds are slower; POSTERN_TEST_SLOW=4 makes every deadline four
// times as long.

const factor = Number(process.env.POSTERN_TEST_SLOW || 1);

// A deadline in milliseconds, stretched for slow builds.
export function slow(ms) {
    return ms * factor;
}

// Resolves as `promise` does, or rejects with `what` once `ms` are over.
export async function within(promise, ms, what) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(
            () => reject(new Error(`not within ${slow(ms)} ms: ${what}`)),
            slow(ms));
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        clearTimeout(timer);
    }
}

// Asks `probe` until it gives something true and returns that. Only for state
// that nobody announces (a row in a table, a line in a log).
export async function eventually(what, probe, ms = 10_000) {
    const end = Date.now() + slow(ms);
    let last;
    for (;;) {
        try {
            last = await probe();
            if (last)
                return last;
        } catch (error) {
            last = error;
        }
        if (Date.now() >= end) {
            const seen = last instanceof Error ? last.message
                : JSON.stringify(last, (_, v) =>
                    typeof v === 'bigint' ? `${v}` : v);
            throw new Error(
                `not within ${slow(ms)} ms: ${what}; last: ${seen}`);
        }
        await pause(25);
    }
}

// The step between two questions of eventually(), and the pace of a slow
// client: time that is part of the case, never a guess at when something is
// done.
export function pause(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
}
