// clock.mjs - one clock for everything that is compared: milliseconds since
// this program began, finer than a millisecond.

export function now() {
    return performance.now();
}
