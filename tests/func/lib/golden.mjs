// golden.mjs - exact bodies, kept as files in tests/data/.
//
// A golden file holds the body byte for byte (and one newline at its end that
// is not part of it). What cannot be known beforehand stands in it as a
// placeholder such as <evt>; a test declares each one with the pattern that
// its text must match. The same placeholder twice means the same text twice.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const dataDir = new URL('../../data/', import.meta.url);

// Patterns of the usual placeholders.
export const ID = (prefix) => `${prefix}_[0-9a-hjkmnp-tv-z]{13}`;
export const TIME =
    '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,6})?Z';
export const NUMBER = '\\d+';
export const SECRET = 'whsec_[A-Za-z0-9+/]{43}=';

export function goldenText(name) {
    const text = readFileSync(new URL(`${name}.json`, dataDir), 'utf8');
    return text.endsWith('\n') ? text.slice(0, -1) : text;
}

function escape(text) {
    return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

// Asserts that `actual` (string or bytes) is the golden body and returns what
// stood in place of the placeholders: {evt: 'evt_…'}.
export function assertGolden(actual, name, placeholders = {}) {
    const text = Buffer.isBuffer(actual) ? actual.toString('utf8') : actual;
    const want = goldenText(name);
    const names = Object.keys(placeholders);
    for (const key of names)
        assert.ok(want.includes(`<${key}>`),
            `${name}.json has no placeholder <${key}>`);

    const seen = new Set();
    const pattern = want.split(/(<[a-z_0-9]+>)/).map((part) => {
        const key = /^<([a-z_0-9]+)>$/.exec(part)?.[1];
        if (key === undefined || !names.includes(key))
            return escape(part);
        if (seen.has(key))
            return `\\k<${key}>`;
        seen.add(key);
        return `(?<${key}>${placeholders[key]})`;
    }).join('');
    const match = new RegExp(`^${pattern}$`, 's').exec(text);
    assert.ok(match, `body differs from tests/data/${name}.json\n` +
        `  got:  ${text}\n  want: ${want}`);
    return { ...match.groups };
}
