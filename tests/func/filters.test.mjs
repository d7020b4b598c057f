// filters.test.mjs - subscriptions that want only some events of their types.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { deliveriesOf, subscribe, trigger } from './lib/gateway.mjs';
import { Receiver } from './lib/receiver.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

let stack;
let api;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([Stack.start(), Receiver.start()]);
    api = stack.api();
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

const path = '/api/webhooks';
const url = 'https://example.com/hook';

describe('an event', () => {
    const cases = [
        ['equal', { data: { status: 'paid' } }, { status: 'paid' }, 1],
        ['other', { data: { status: 'paid' } }, { status: 'open' }, 0],
        ['in_range', { data: { n: { $gte: 10, $lt: 20 } } }, { n: 19.5 }, 1],
        ['out_of_range', { data: { n: { $gte: 10, $lt: 20 } } }, { n: 20 }, 0],
        ['in', { data: { c: { $in: ['DE', 'AT'] } } }, { c: 'AT' }, 1],
        ['or', { $or: [{ data: { a: 1 } }, { data: { b: 1 } }] }, { b: 1 }, 1],
        ['not', { $not: { data: { test: true } } }, { test: true }, 0],
        ['missing', { data: { a: { $exist: false } } }, { b: 1 }, 1],
        ['starts', { data: { s: { $startsWith: 'Zoë' } } }, { s: 'Zoë B' }, 1],
        ['empty', {}, { anything: 1 }, 1],
    ];

    for (const [name, filter, data, matched] of cases) {
        test(`${name}: ${matched ? 'passes' : 'is kept back'}`, async () => {
            const type = `filter.${name}`;
            await subscribe(stack, url, [type], { filter, active: true });
            const answer = await trigger(stack, type, data);
            assert.equal(answer.matched, matched);
            assert.equal((await deliveriesOf(stack, answer.event_id)).length,
                matched);
        });
    }

    test('is judged by type and metadata as well', async () => {
        await subscribe(stack, url, ['judged.*'], { filter: {
            event_type: { $endsWith: '.yes' }, metadata: { shop: 'a' } } });
        const send = async (type, shop) => (await trigger(stack, type, {},
            { metadata: { shop } })).matched;
        assert.equal(await send('judged.yes', 'a'), 1);
        assert.equal(await send('judged.yes', 'b'), 0);
        assert.equal(await send('judged.no', 'a'), 0);
    });

    test('reaches those that want it, whatever others filter', async () => {
        const wanted = receiver.place('wanted');
        const other = receiver.place('other');
        await subscribe(stack, wanted.url, ['mixed'],
            { filter: { data: { n: 1 } } });
        await subscribe(stack, other.url, ['mixed'],
            { filter: { data: { n: 2 } } });
        const { matched } = await trigger(stack, 'mixed', { n: 1 });
        assert.equal(matched, 1);
        assert.deepEqual((await wanted.arrived(1)).json.data, { n: 1 });
        assert.equal(other.requests.length, 0);
    });

    test('that is kept back is counted in the statistics', async () => {
        const made = await subscribe(stack, url, ['counted'],
            { filter: { data: { n: 1 } } });
        for (let n = 2; n < 5; n++)
            await trigger(stack, 'counted', { n });
        await eventually('three events are counted', async () => {
            const answer = await api.get(`${path}/${made.id}/stats`);
            assert.equal(answer.status, 200, answer.text);
            return answer.json.filtered === 3;
        });
    });
});

describe('a filter', () => {
    test('can be changed and taken away', async () => {
        const made = await subscribe(stack, url, ['changed'],
            { filter: { data: { n: 1 } } });
        assert.deepEqual(made.filter, { data: { n: 1 } });
        const change = async (filter) => {
            const answer = await api.patch(`${path}/${made.id}`, { filter });
            assert.equal(answer.status, 200, answer.text);
            assert.deepEqual(answer.json.filter, filter);
        };
        const matches = (n, want) =>
            eventually(`${n} matches ${want}`, async () =>
                (await trigger(stack, 'changed', { n })).matched === want);
        await matches(2, 0);
        await change({ data: { n: 2 } });
        await matches(2, 1);
        await matches(1, 0);
        await change(null);
        await matches(1, 1);
    });

    test('that cannot be used lets nothing pass', async () => {
        const made = await subscribe(stack, url, ['broken'],
            { filter: { data: { n: 1 } } });
        assert.equal((await trigger(stack, 'broken', { n: 1 })).matched, 1);
        await stack.sql.transaction(async (rows) => {
            await rows('UPDATE config_version SET version = ' +
                'LAST_INSERT_ID(version + 1) WHERE id = 1');
            await rows('UPDATE subscriptions SET filter = ' +
                '\'{"data":{"$later":1}}\', config_version = ' +
                'LAST_INSERT_ID() WHERE id = ?', [made.id]);
        });
        await eventually('nothing passes', async () =>
            (await trigger(stack, 'broken', { n: 1 })).matched === 0);
    });

    const wrong = [
        ['no object', [1], /dict/],
        ['an unknown operator', { data: { n: { $like: 1 } } },
            /\$\.data\.n/],
        ['an operand of the wrong type', { data: { n: { $gte: true } } },
            /\$\.data\.n\.\$gte/],
        ['an empty $or', { $or: [] }, /\$or/],
        ['too deep a filter', JSON.parse('{"a":'.repeat(20) + '1' +
            '}'.repeat(20)), /./],
        ['too large a filter', { data: { s: { $in:
            Array.from({ length: 400 }, (_, i) => `x${i}`) } } }, /./],
    ];
    for (const [name, filter, words] of wrong) {
        test(`${name} is 422 and says where`, async () => {
            const answer = await api.post(path,
                { url, events: ['a'], filter });
            assert.equal(answer.status, 422, answer.text);
            const [problem] = answer.json.detail;
            assert.deepEqual(problem.loc, ['body', 'filter']);
            assert.match(problem.msg, words);
        });
    }
});
