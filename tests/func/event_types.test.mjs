// event_types.test.mjs - event types that users register, and data that has to
// satisfy the schema of its type, however the event comes in.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeToken, subscribe, trigger } from './lib/gateway.mjs';
import { Receiver } from './lib/receiver.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const PATH = '/api/event-types';

let stack;
let api;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ conf: { max_body: '200000' } }), Receiver.start()]);
    api = stack.api();
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

const orderSchema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    required: ['order'],
    properties: {
        order: {
            type: 'object',
            required: ['id', 'total'],
            additionalProperties: false,
            properties: {
                id: { type: 'string', pattern: '^ord_[0-9]+$' },
                total: { type: 'number', minimum: 0, multipleOf: 0.01 },
                lines: { type: 'array', maxItems: 3, items: {
                    $ref: '#/$defs/line' } },
            },
        },
    },
    $defs: { line: { type: 'object', required: ['sku'] } },
};
const goodOrder = { order: { id: 'ord_1', total: 99.99,
    lines: [{ sku: 'A' }] } };

async function register(body) {
    const answer = await api.post(PATH, body);
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
}

const send = (event, data, more = {}) =>
    api.post('/api/events/trigger', { event, data, ...more });

const eventCount = (type) =>
    stack.sql.count('SELECT COUNT(*) FROM events WHERE type = ?', [type]);

const at = (answer) => answer.json.detail.map((one) => one.loc);

describe('registering', () => {
    test('a type is made, shown, changed and removed', async () => {
        const made = await register({ name: 'invoice.paid',
            category: 'Billing', description: 'An invoice was paid',
            example: { invoice: 'in_1' }, schema: { type: 'object' } });
        assert.equal(made.name, 'invoice.paid');
        assert.equal(made.validate, false);
        assert.deepEqual(made.example, { invoice: 'in_1' });
        assert.deepEqual((await api.get(`${PATH}/invoice.paid`)).json, made);

        const changed = await api.patch(`${PATH}/invoice.paid`,
            { description: 'Paid', category: null });
        assert.equal(changed.status, 200, changed.text);
        assert.equal(changed.json.description, 'Paid');
        assert.equal(changed.json.category, 'Other');
        assert.deepEqual(changed.json.schema, { type: 'object' });

        const grouped = (await api.get('/api/events')).json;
        assert.ok(grouped.categories.Other.includes('invoice.paid'));

        assert.equal((await api.delete(`${PATH}/invoice.paid`)).status, 204);
        assert.equal((await api.get(`${PATH}/invoice.paid`)).status, 404);
        assert.equal((await api.delete(`${PATH}/invoice.paid`)).status, 404);
        assert.equal((await api.patch(`${PATH}/invoice.paid`,
            { description: '' })).status, 404);
    });

    test('a name that is taken is 409, one that was removed begins anew',
        async () => {
            await register({ name: 'taken.type', description: 'first',
                example: { a: 1 }, validate: false });
            const again = await api.post(PATH, { name: 'taken.type' });
            assert.equal(again.status, 409, again.text);
            await api.delete(`${PATH}/taken.type`);
            const anew = await register({ name: 'taken.type' });
            assert.equal(anew.description, '');
            assert.equal(anew.example, null);
        });

    test('an archived type is out of the lists, and works all the same',
        async () => {
            await register({ name: 'old.type', archived: true });
            const names = async (query) => (await api.get(PATH + query)).json
                .map((type) => type.name);
            assert.ok(!(await names('')).includes('old.type'));
            assert.ok((await names('?archived=true')).includes('old.type'));
            assert.ok(!(await api.get('/api/events')).text
                .includes('old.type'));
            assert.equal((await send('old.type', {})).status, 202);
        });

    test('what is wrong is 422 and says where', async () => {
        for (const [body, loc] of [
            [{}, ['body', 'name']],
            [{ name: 'a b' }, ['body', 'name']],
            [{ name: 'a.*' }, ['body', 'name']],
            [{ name: 'x', validate: 1 }, ['body', 'validate']],
            [{ name: 'x', validate: true }, ['body', 'validate']],
            [{ name: 'x', example: [] }, ['body', 'example']],
            [{ name: 'x', schema: [] }, ['body', 'schema']],
            [{ name: 'x', schema: { properties: { a: { contains: {} } } } },
                ['body', 'schema', 'properties', 'a', 'contains']],
            [{ name: 'x', schema: { oneOf: [{}, { minimum: 'x' }] } },
                ['body', 'schema', 'oneOf', 1, 'minimum']],
            [{ name: 'x', more: 1 }, ['body', 'more']],
        ]) {
            const answer = await api.post(PATH, body);
            assert.equal(answer.status, 422, JSON.stringify(body));
            assert.deepEqual(at(answer), [loc], answer.text);
        }
    });

    test('an example has to satisfy the schema that data has to', async () => {
        const answer = await api.post(PATH, { name: 'bad.example',
            schema: orderSchema, validate: true,
            example: { order: { id: 'ord_1' } } });
        assert.equal(answer.status, 422, answer.text);
        assert.deepEqual(at(answer), [['body', 'example', 'order', 'total']]);
    });

    test('only an administrator registers, everybody reads', async () => {
        const { token } = await makeToken(stack, 'app', 'types');
        const other = stack.api(token);
        assert.equal((await other.get(PATH)).status, 200);
        assert.equal((await other.get(`${PATH}/email.sent`)).json.category,
            'Email');
        for (const answer of [
            await other.post(PATH, { name: 'not.mine' }),
            await other.patch(`${PATH}/email.sent`, { description: '' }),
            await other.delete(`${PATH}/email.sent`)])
            assert.equal(answer.status, 403, answer.text);
    });

    test('each type of the catalogue has a description and an example',
        async () => {
            const types = (await api.get(PATH)).json;
            assert.ok(types.length >= 36);
            for (const { name } of types.filter((type) =>
                type.category !== 'Other')) {
                const { json } = await api.get(`${PATH}/${name}`);
                assert.ok(json.description.length > 5, name);
                assert.equal(typeof json.example, 'object', name);
                assert.notEqual(json.example, null, name);
            }
        });
});

describe('data that is checked', () => {
    before(() => register({ name: 'order.checked', schema: orderSchema,
        validate: true, example: goodOrder }));

    test('what satisfies the schema is delivered, digits and all', async () => {
        const place = receiver.place('checked');
        await subscribe(stack, place.url, ['order.checked']);
        await trigger(stack, 'order.checked', goodOrder);
        const request = await place.arrived(1);
        assert.deepEqual(request.json?.data ?? JSON.parse(request.body).data,
            goodOrder);
    });

    test('what does not is 422 with every place, and is not stored',
        async () => {
            const before = await eventCount('order.checked');
            const answer = await send('order.checked', { order: {
                id: 'x', total: 1.005, extra: 1, lines: [{ sku: 1 }, {}] } });
            assert.equal(answer.status, 422, answer.text);
            assert.deepEqual(at(answer), [
                ['body', 'data', 'order', 'id'],
                ['body', 'data', 'order', 'total'],
                ['body', 'data', 'order', 'extra'],
                ['body', 'data', 'order', 'lines', 1, 'sku']]);
            assert.deepEqual(answer.json.detail[0], {
                loc: ['body', 'data', 'order', 'id'],
                msg: 'string does not match regex "^ord_[0-9]+$"',
                type: 'value_error.str.regex' });
            assert.equal(await eventCount('order.checked'), before);
        });

    test('one bad item of an array refuses all of it', async () => {
        const before = await eventCount('order.checked');
        const answer = await api.post('/api/events/trigger', [
            { event: 'order.checked', data: goodOrder },
            { event: 'any.other', data: {} },
            { event: 'order.checked', data: { order: { id: 'ord_2' } } },
            { event: 'order.checked', data: {} }]);
        assert.equal(answer.status, 422, answer.text);
        assert.deepEqual(at(answer), [
            ['body', 2, 'data', 'order', 'total'],
            ['body', 3, 'data', 'order']]);
        assert.equal(await eventCount('order.checked'), before);
        assert.equal(await eventCount('any.other'), 0);
    });

    test('as problem+json each place is a pointer', async () => {
        const answer = await api.post('/api/events/trigger',
            { event: 'order.checked', data: { order: { id: 'ord_1', total: 1,
                'a/b': 1 } } },
            { headers: { accept: 'application/problem+json' } });
        assert.equal(answer.status, 422, answer.text);
        assert.equal(answer.json.errors[0].pointer,
            '#/data/order/a~1b');
        assert.deepEqual(answer.json.errors[0].loc,
            ['body', 'data', 'order', 'a/b']);
    });

    test('a row of the outbox is refused with the path', async () => {
        await stack.sql.rows('INSERT INTO outbox SET ?', [{
            event_type: 'order.checked',
            payload: JSON.stringify({ order: { id: 'ord_1', total: -1 } }) }]);
        const [row] = await eventually('the row is refused', async () => {
            const rows = await stack.sql.rows('SELECT * FROM rejections ' +
                "WHERE detail LIKE '%order.checked%'");
            return rows.length > 0 && rows;
        });
        assert.equal(row.reason, 'invalid_payload');
        assert.match(row.detail, /payload\.order\.total: ensure this value is/);
        assert.equal(await stack.sql.count('SELECT COUNT(*) FROM outbox'), 0);
    });

    test('a message of the Svix family is refused with its own names',
        async () => {
            const app = await api.post('/api/v1/app', { name: 'Checked' });
            assert.equal(app.status, 201, app.text);
            const answer = await api.post(`/api/v1/app/${app.json.id}/msg`,
                { eventType: 'order.checked', payload: { order: {
                    id: 'ord_1', total: 1, lines: [{}] } } });
            assert.equal(answer.status, 422, answer.text);
            assert.deepEqual(at(answer),
                [['body', 'payload', 'order', 'lines', 0, 'sku']]);
        });

    test('so is what the command line sends', async () => {
        const sent = await stack.cli('event', 'send', 'order.checked',
            '--data', '{"order":{"id":"ord_1"}}');
        assert.equal(sent.code, 65, sent.stdout + sent.stderr);
        assert.match(sent.stderr, /data\.order\.total: field required/);
    });

    test('once it is not to be checked, anything is taken', async () => {
        await register({ name: 'loose.type', schema: orderSchema,
            validate: true });
        assert.equal((await send('loose.type', {})).status, 422);
        assert.equal((await api.patch(`${PATH}/loose.type`,
            { validate: false })).status, 200);
        assert.equal((await send('loose.type', {})).status, 202);
        await api.patch(`${PATH}/loose.type`, { validate: true });
        assert.equal((await send('loose.type', {})).status, 422);
        await api.delete(`${PATH}/loose.type`);
        assert.equal((await send('loose.type', {})).status, 202);
    });

    test('a new schema counts at once', async () => {
        await register({ name: 'new.schema', validate: true,
            schema: { required: ['a'] } });
        assert.equal((await send('new.schema', { a: 1 })).status, 202);
        await api.patch(`${PATH}/new.schema`, { schema: { required: ['b'] } });
        assert.deepEqual(at(await send('new.schema', { a: 1 })),
            [['body', 'data', 'b']]);
        assert.equal((await api.patch(`${PATH}/new.schema`,
            { schema: null })).status, 422);
        assert.equal((await api.patch(`${PATH}/new.schema`,
            { schema: null, validate: false })).status, 200);
        assert.equal((await send('new.schema', {})).status, 202);
    });

    test('a large value is checked within moments', async () => {
        await register({ name: 'large.type', validate: true, schema: {
            properties: { rows: { type: 'array', uniqueItems: true, items: {
                anyOf: [{ type: 'string' }, { type: 'object',
                    required: ['n'], properties: { n: { type: 'integer' } } }],
            } } } } });
        const rows = Array.from({ length: 9000 }, (_, n) => ({ n }));
        assert.equal((await send('large.type', { rows })).status, 202);
        rows[8999] = { n: 5 };
        const answer = await send('large.type', { rows });
        assert.equal(answer.status, 422, answer.text);
        assert.deepEqual(at(answer), [['body', 'data', 'rows']]);
    });
});

describe('the schemas of the Svix family', () => {
    const svix = '/api/v1/event-type';

    test('are those of the other API, the newest version counts', async () => {
        const made = await api.post(svix, { name: 'svix.checked',
            description: 'x', schemas: { 1: { required: ['old'] },
                2: { required: ['new'] } } });
        assert.equal(made.status, 201, made.text);
        const row = (await api.get(`${PATH}/svix.checked`)).json;
        assert.deepEqual(row.schema, { required: ['new'] });
        assert.equal(row.validate, false);
        assert.equal((await send('svix.checked', {})).status, 202);
        await api.patch(`${PATH}/svix.checked`, { validate: true });
        assert.deepEqual(at(await send('svix.checked', {})),
            [['body', 'data', 'new']]);
    });

    test('show what the other API has set', async () => {
        await register({ name: 'ours.shown', schema: { type: 'object' } });
        const answer = await api.get(`${svix}/ours.shown`);
        assert.deepEqual(answer.json.schemas, { 1: { type: 'object' } });
    });

    test('may be anything, unless data is checked by them', async () => {
        const odd = { 1: { unevaluatedProperties: false } };
        await register({ name: 'svix.odd' });
        assert.equal((await api.patch(`${svix}/svix.odd`,
            { schemas: odd })).status, 200);
        const on = await api.patch(`${PATH}/svix.odd`, { validate: true });
        assert.equal(on.status, 422, on.text);
        assert.deepEqual(at(on), [['body', 'schema', 'unevaluatedProperties']]);
        await api.patch(`${svix}/svix.odd`, { schemas: { 1: {} } });
        assert.equal((await api.patch(`${PATH}/svix.odd`,
            { validate: true })).status, 200);
        const refused = await api.patch(`${svix}/svix.odd`, { schemas: odd });
        assert.equal(refused.status, 422, refused.text);
        assert.deepEqual(at(refused),
            [['body', 'schemas', 'unevaluatedProperties']]);
    });
});

describe('the command line', () => {
    test('adds, lists, shows, changes and removes a type', async () => {
        const made = await stack.cli('event-type', 'add', 'cli.type',
            '--description', 'From the shell', '--schema',
            '{"required":["a"]}', '--example', '{"a":1}', '--validate',
            '--json');
        assert.equal(made.code, 0, made.stderr);
        assert.equal(JSON.parse(made.stdout).validate, true);
        const list = await stack.cli('event-type', 'list');
        assert.match(list.stdout, /^cli\.type +Other +checked +From the shell/m);
        await eventually('the gateway knows', async () =>
            (await send('cli.type', {})).status === 422);
        const set = await stack.cli('event-type', 'set', 'cli.type',
            '--no-validate', '--schema', 'null');
        assert.equal(set.code, 0, set.stderr);
        assert.match(set.stdout, /is not checked/);
        await eventually('the gateway knows', async () =>
            (await send('cli.type', {})).status === 202);
        const shown = await stack.cli('event-type', 'show', 'cli.type',
            '--json');
        assert.equal(JSON.parse(shown.stdout).schema, null);
        assert.equal((await stack.cli('event-type', 'rm', 'cli.type')).code, 0);
        const gone = await stack.cli('event-type', 'show', 'cli.type');
        assert.equal(gone.code, 66, gone.stderr);
    });

    test('says what is wrong with a schema, and where', async () => {
        const made = await stack.cli('event-type', 'add', 'cli.bad',
            '--schema', '{"properties":{"a":{"typ":"x"}}}');
        assert.equal(made.code, 65);
        assert.match(made.stderr,
            /schema\.properties\.a\.typ: this keyword is not supported/);
    });
});
