// bad_input.test.mjs - for every body of the API and each of its fields: what
// is wrong is named with its place, its words and its type, all of it at once
// and in order, and nothing is stored. A field of the programs that has no rows
// here is a failure.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { goodValues, problemOf, textOf, wrongValues } from
    './lib/bad_input.mjs';
import { bodies } from './lib/bad_input_bodies.mjs';
import { bodyTables, messageMembers, sourceOptions } from
    './lib/body_tables.mjs';
import { subscribe } from './lib/gateway.mjs';
import { Receiver } from './lib/receiver.mjs';
import { Stack } from './lib/stack.mjs';

const PROBLEM_MAX = 32; // more are not reported

let stack;
let receiver;
const names = {}; // what <name> in a path or body stands for
before(async () => {
    [stack, receiver] = await Promise.all([Stack.start(), Receiver.start()]);
    const made = await subscribe(stack, 'https://example.com/', ['bad.input']);
    names.webhook = made.id;
    names.sink = receiver.place('sink').url;
    const post = async (path, body) => {
        const answer = await stack.api().post(path, body);
        assert.equal(answer.status, 201, answer.text);
        return answer.json;
    };
    names.source = (await post('/api/sources',
        { name: 'bad-input', provider: 'hmac' })).id;
    names.application = names.app = (await post('/api/v1/app',
        { name: 'bad' })).id;
    names.endpoint = (await post(`/api/v1/app/${names.app}/endpoint`,
        { url: 'https://example.com/' })).id;
    names.type = 'user.created';
    const replay = await stack.api().post(`/api/webhooks/${made.id}/recover`,
        { since: '2026-01-01T00:00:00Z' });
    assert.equal(replay.status, 202, replay.text);
    names.replay = replay.json.id;
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

let serial = 0;
const fill = (text) => text.replace(/<(\w+)>/g, (all, name) =>
    name === 'serial' ? String(++serial) : names[name] ?? all);

const wrapped = (body, fields) =>
    textOf(body.wrap ? body.wrap(fields) : fields);

function send(body, text) {
    const [method, path] = body.request;
    return stack.api()[method.toLowerCase()](fill(path), fill(text));
}

const with_ = (body, fields) => wrapped(body, { ...body.base, ...fields });

async function refused(body, text, problems, what) {
    const answer = await send(body, text);
    assert.equal(answer.status, 422, `${what}: ${answer.text.slice(0, 300)}`);
    assert.match(answer.headers['content-type'], /^application\/json\b/);
    assert.deepEqual(answer.json, { detail: problems },
        `${what}: ${answer.text.slice(0, 600)}`);
}

async function taken(body, text, what) {
    const answer = await send(body, text);
    assert.ok(answer.status >= 200 && answer.status < 300,
        `${what}: ${answer.status} ${answer.text.slice(0, 300)}`);
}

const listOf = (problem) => Array.isArray(problem) ? problem : [problem];

const counts = (body) => stack.sql.one('SELECT (SELECT COUNT(*) FROM ' +
    `${body.stores ?? 'subscriptions'}) n, (SELECT version FROM ` +
    'config_version WHERE id = 1) version');

for (const [name, body] of Object.entries(bodies)) {
    const where = body.where ?? [];
    const fields = Object.entries(body.fields);

    describe(name, () => {
        let before_;
        before(async () => {
            before_ = await counts(body);
        });

        for (const [field, rule] of fields) {
            test(`${field}: what is wrong is refused by name`, async () => {
                for (const [what, value, problem] of wrongValues(rule))
                    await refused(body, with_(body, { [field]: value }),
                        listOf(problem).map((one) =>
                            problemOf(where, field, one)),
                        `${field}: ${what}`);
            });
            if (rule.alias)
                aliases(body, where, field, rule);
            if (rule.required)
                test(`${field} has to be there`, async () => {
                    const rest = { ...body.base };
                    delete rest[field];
                    await refused(body, wrapped(body, rest),
                        [problemOf(where, field, { msg: 'field required',
                            type: 'value_error.missing' })], field);
                });
        }

        for (const unknown of body.unknown ?? ['colour'])
            test(`${unknown} is no field`, () => refused(body,
                with_(body, { [unknown]: 1 }), [problemOf(where, unknown,
                    { msg: 'extra fields not permitted',
                        type: 'value_error.extra' })], unknown));

        test('all fields wrong at once: all are named, in order', () => {
            const wrong = {};
            const problems = [];
            for (const [field, rule] of fields) {
                const [, value, problem] = [...wrongValues(rule)][0] ?? [];
                if (problem === undefined)
                    continue; // anything is taken
                wrong[field] = value;
                problems.push(...listOf(problem).map((one) =>
                    problemOf(where, field, one)));
            }
            // Unknown ones come last, as they stand in the body.
            for (const extra of ['zebra', 'aardvark'])
                problems.push(problemOf(where, extra, { msg:
                    'extra fields not permitted', type: 'value_error.extra' }));
            const given = { zebra: 1, ...Object.fromEntries(
                Object.entries(wrong).reverse()), aardvark: 1 };
            return refused(body, wrapped(body, given),
                problems.slice(0, PROBLEM_MAX), 'all');
        });

        test('a field twice is refused', async () => {
            const [field] = fields[0];
            const text = with_(body, {});
            const once = JSON.stringify({ [field]: 1 }).slice(1, -1);
            const own = JSON.stringify({ ...body.base, [field]: 1 });
            const inner = JSON.stringify(body.base);
            const twice = text.replace(inner,
                `${own.slice(0, -1)},${once}}`);
            assert.notEqual(twice, text);
            const answer = await send(body, twice);
            assert.equal(answer.status, 422, answer.text);
            assert.match(answer.text, where.length === 0
                ? /"loc":\["body",\d+\],.*"type":"value_error.jsondecode"/
                : new RegExp(`"${field}"\\],"msg":"field given twice",` +
                    '"type":"value_error.duplicate"'));
        });

        if (where.length === 0)
            noObjects(body);

        test('nothing was stored by any of it', async () => {
            assert.deepEqual(await counts(body), before_);
        });

        if (body.empty === true)
            noBody(body);
        if (body.good !== false)
            for (const [field, rule] of fields)
                test(`${field}: what is right is taken`, async () => {
                    for (const [what, value] of goodValues(rule)) {
                        await taken(body, with_(body, { [field]: value }),
                            `${field}: ${what}`);
                        if (rule.alias)
                            await taken(body, with_(body, { [field]: value,
                                [rule.alias]: value }), `both: ${what}`);
                    }
                });
    });
}

function aliases(body, where, field, rule) {
    const one = [...goodValues({ nullable: false, ...rule })].slice(-2);

    test(`${rule.alias} is ${field}`, async () => {
        const rest = { ...body.base };
        delete rest[field];
        for (const [what, value, problem] of wrongValues(rule))
            await refused(body, wrapped(body, { ...rest,
                [rule.alias]: value }), listOf(problem).map((p) =>
                problemOf(where, rule.alias, p)), `${rule.alias}: ${what}`);
        await refused(body, wrapped(body, { ...rest, [field]: one[0][1],
            [rule.alias]: one[1][1] }), [problemOf(where, rule.alias, { msg:
            `value differs from that of ${field}`,
        type: 'value_error.alias' })], 'both, with different values');
    });
}

function noObjects(body) {
    test('what is no object is refused', async () => {
        for (const text of ['"x"', '1', 'true', 'null',
            ...body.array ? [] : ['[]', '[{}]']])
            await refused(body, text, [{ loc: ['body'],
                msg: 'value is not a valid dict', type: 'type_error.dict' }],
            text);
    });

    test('what is no JSON is refused with the offset', async () => {
        for (const [text, offset] of [['{"a":}', 5], ['{"a" 1}', 5],
            ["{'a':1}", 1], ['{"a":1,}', 7], ['{"a":NaN}', 5],
            ['{} {}', 3], ['{"a":"\t"}', 6], ['{/**/}', 1]]) {
            const answer = await send(body, text);
            assert.equal(answer.status, 422, `${text}: ${answer.text}`);
            const [{ loc, type }] = answer.json.detail;
            assert.deepEqual([loc, type], [['body', offset],
                'value_error.jsondecode'], text);
        }
    });

    if (body.empty !== true)
        test('no body at all is refused', async () => {
            const { status, text } = await send(body, '');
            assert.equal(status, body.empty ?? 422, text);
        });
}

function noBody(body) {
    test('no body at all is fine', async () => {
        const { status, text } = await send(body, '');
        assert.ok(status >= 200 && status < 300, `${status} ${text}`);
    });
}

describe('every field of the programs has rows here', () => {
    const known = {};
    for (const body of Object.values(bodies))
        for (const table of body.tables)
            known[table] = { ...known[table], ...body.fields };

    for (const [table, rows] of Object.entries(bodyTables())) {
        test(`${table}: all of its fields`, () => {
            assert.ok(known[table], 'a table that is not known here');
            for (const { name, alias } of rows) {
                assert.ok(known[table][name], `${name} has no rows`);
                assert.equal(known[table][name].alias, alias, name);
            }
        });
    }

    test('no table is named that is not there', () => {
        const there = bodyTables();
        for (const table of Object.keys(known))
            assert.ok(there[table] || table in own, table);
    });

    const own = { 'options of a source': sourceOptions(),
        'a message of the Svix family': messageMembers() };
    for (const [table, names_] of Object.entries(own))
        test(`${table}: all of them`, () => {
            assert.ok(names_.length > 5);
            assert.ok(known[table], 'not known here');
            for (const name of names_)
                assert.ok(known[table][name], `${name} has no rows`);
        });
});
