// random.mjs - random choices that a seed repeats.
//
// What is drawn repeats, when it happens does not: processes take the time
// they take. Independent parts draw from streams of their own.

export class Random {
    constructor(seed) {
        this.state = seed >>> 0;
    }

    // A stream of its own for a part of the program.
    fork(name) {
        let hash = this.state ^ 0x9e3779b9;
        for (const letter of name)
            hash = Math.imul(hash ^ letter.charCodeAt(0), 0x85ebca6b) >>> 0;
        return new Random(hash);
    }

    // 0 <= number < 1 (mulberry32).
    number() {
        this.state = (this.state + 0x6d2b79f5) >>> 0;
        let t = this.state;
        t = Math.imul(t ^ (t >>> 15), t | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    }

    chance(probability) {
        return this.number() < probability;
    }

    // A whole number, low <= number <= high.
    between(low, high) {
        return low + Math.floor(this.number() * (high - low + 1));
    }

    pick(list) {
        return list[this.between(0, list.length - 1)];
    }

    shuffled(list) {
        const out = [...list];
        for (let i = out.length - 1; i > 0; i--) {
            const k = this.between(0, i);
            [out[i], out[k]] = [out[k], out[i]];
        }
        return out;
    }
}

// The same number for the same words, 0 <= number < 1: for what has to be
// decided alike each time it comes up.
export function fate(...words) {
    let hash = 0x811c9dc5;
    for (const letter of words.join('/'))
        hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193) >>> 0;
    return new Random(hash).number();
}
