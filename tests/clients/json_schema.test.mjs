// json_schema.test.mjs - data is checked as ajv, the usual validator, checks
// it: many schemas and values, made at random from a fixed seed.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import { Stack } from '../func/lib/stack.mjs';
import { slow } from '../func/lib/wait.mjs';

const SCHEMAS = 250;
const VALUES = 6; // for each

let stack;
before(async () => {
    stack = await Stack.start();
});
after(() => stack?.stop());

let seed = 20261122;
const random = () => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) / 2 ** 32;
};
const upTo = (n) => Math.floor(random() * n);
const pick = (list) => list[upTo(list.length)];
const several = (n, make) => Array.from({ length: n }, make);

const names = ['a', 'b', 'c', 'é', 'a/b', 'x y'];
const texts = ['', 'a', 'ab', 'abc', 'é', '😀', 'a1', '2026-01-01', 'ord_12',
    'A B', 'aaa', 'foo_bar', '\n', 'b\nc'];
const patterns = ['^a', 'b$', '^[a-z]+$', '\\d', '^\\w+$', 'a|b', '(a|b)+',
    '^a{2,3}$', '[^a]', '.', '^.$', '\\bfoo\\b', '^\\s*$', 'ord_\\d+',
    '(?:ab)?c', '\\u00e9', '[\\d_]+$', '^$', 'a*?b', '\\S\\s\\S', '^[\\w-]{2}$',
    '\\u{1F600}', '[😀-😂]', '^(?:\\d{4})-(?:\\d{2})-(?:\\d{2})$', '\\B',
    '\\W', '\\D', '^(?<year>\\d+)'];
const numbers = [0, 1, -1, 1.5, 2, 10, 100, 0.1, 3, 1e15, -0];

function value(depth) {
    return [() => null, () => random() < 0.5, () => pick(numbers),
        () => pick(texts), () => several(upTo(4), () => value(depth - 1)),
        () => Object.fromEntries(several(upTo(4),
            () => [pick(names), value(depth - 1)]))][
        upTo(depth > 0 ? 6 : 4)]();
}

const distinct = (list) =>
    [...new Map(list.map((one) => [JSON.stringify(one), one])).values()];

const words = {
    type: () => random() < 0.7
        ? pick(['null', 'boolean', 'number', 'integer', 'string', 'array',
            'object'])
        : [pick(['null', 'boolean', 'number']), pick(['string', 'object'])],
    enum: () => distinct(several(1 + upTo(3), () => value(1))),
    const: () => value(1),
    minimum: () => pick(numbers), maximum: () => pick(numbers),
    exclusiveMinimum: () => pick(numbers),
    exclusiveMaximum: () => pick(numbers),
    multipleOf: () => pick([1, 2, 3, 0.5, 10]),
    minLength: () => upTo(4), maxLength: () => upTo(4),
    pattern: () => pick(patterns),
    minItems: () => upTo(3), maxItems: () => upTo(4), uniqueItems: () => true,
    minProperties: () => upTo(3), maxProperties: () => upTo(4),
    required: () => distinct([pick(names), pick(names)]),
};

const parts = {
    properties: (sub) => Object.fromEntries(several(2,
        () => [pick(names), sub()])),
    patternProperties: (sub) => ({ [pick(patterns)]: sub() }),
    additionalProperties: (sub) => random() < 0.6 ? false : sub(),
    propertyNames: (sub) => sub(), items: (sub) => sub(),
    prefixItems: (sub) => [sub(), sub()], allOf: (sub) => [sub(), sub()],
    anyOf: (sub) => [sub(), sub()], oneOf: (sub) => [sub(), sub()],
    not: (sub) => sub(), if: (sub) => sub(), then: (sub) => sub(),
    else: (sub) => sub(),
    $ref: () => pick(['#/$defs/one', '#/$defs/two']),
};

function schema(depth) {
    const made = {};
    const sub = () => random() < 0.06 ? random() < 0.5 : schema(depth - 1);
    for (let i = 1 + upTo(3); i > 0; i--) {
        const word = pick(Object.keys(words));
        made[word] = words[word]();
    }
    for (let i = depth > 0 ? upTo(3) : 0; i > 0; i--) {
        const part = pick(Object.keys(parts));
        made[part] = parts[part](sub);
    }
    return made;
}

// The data of an event is an object, which holds what is asked about.
const whole = () => ({
    properties: { value: schema(2) },
    $defs: { one: schema(0), two: { properties: {
        a: { $ref: '#/$defs/one' }, b: { $ref: '#/$defs/two' } } } },
});

// It stumbles over some of its own code; those cases are left out.
function verdict(check, data) {
    try {
        return check(data) ? 202 : 422;
    } catch {
        return 0;
    }
}

test('the gateway and ajv agree', { timeout: slow(120_000) }, async () => {
    const ajv = new Ajv2020({ strict: false, logger: false });
    const api = stack.api();
    const seen = { 202: 0, 422: 0, 0: 0 };
    for (let i = 0; i < SCHEMAS; i++) {
        const one = whole();
        const check = ajv.compile(one);
        const made = await api.post('/api/event-types', { name: `s.${i}`,
            schema: one, validate: true });
        assert.equal(made.status, 201, `${JSON.stringify(one)} ${made.text}`);
        for (let k = 0; k < VALUES; k++) {
            const data = { value: value(3) };
            const want = verdict(check, data);
            seen[want]++;
            if (want === 0)
                continue;
            const answer = await api.post('/api/events/trigger',
                { event: `s.${i}`, data });
            assert.equal(answer.status, want, `${JSON.stringify(one)}\n` +
                `${JSON.stringify(data)}\n${answer.text}`);
        }
    }
    assert.ok(seen[202] > 300 && seen[422] > 300, JSON.stringify(seen));
    assert.ok(seen[0] < 50, JSON.stringify(seen));
});
