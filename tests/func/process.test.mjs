// process.test.mjs - what happens to an inbound event after its 202: the
// mirror in `records`, the relay to subscriptions, and the log.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { subscribe } from './lib/gateway.mjs';
import { idText } from './lib/ids.mjs';
import { Receiver } from './lib/receiver.mjs';
import { eventOf, fresh, notionBody } from './lib/receive_cases.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually, pause } from './lib/wait.mjs';

let stack;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([Stack.start(), Receiver.start()]);
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

// Sends a body and waits until it is processed.
async function processed(source, body) {
    const answer = await stack.receive(source, body);
    assert.equal(answer.status, 202, answer.text);
    await stack.drained();
}

async function record(table, id) {
    const rows = await stack.sql.rows(
        'SELECT * FROM records WHERE table_name = ? AND record_id = ?',
        [table, id]);
    assert.ok(rows.length <= 1);
    return rows[0];
}

const at = (second) => `2026-01-01T15:00:0${second}Z`;
const change = (id, event_type, second, data = { n: second }) => ({
    event_type, source: 'supabase', table_name: 'orders', record_id: id,
    ...(event_type === 'delete' ? {} : { data }), timestamp: at(second),
});

describe('the mirror', () => {
    test('an insert becomes a record with the bytes of data', async () => {
        const body = fresh({ timestamp: at(1) });
        const text = JSON.stringify(body).replace('"data":{',
            '"data": { "big": 123456789012345678901234567890, ');
        await processed('supabase', text);
        const row = await record('users', body.record_id);
        assert.equal(row.data.toString('utf8'), JSON.stringify(body.data)
            .replace('{', '{"big":123456789012345678901234567890,'));
        assert.equal(Number(row.deleted), 0);
        assert.equal(row.version_us,
            String(Date.parse(at(1))) + '000');
        const [event] = await eventOf(stack, body.record_id);
        assert.equal(String(row.event_id), String(event.id));
    });

    test('a later update replaces it', async () => {
        await processed('supabase', change('u1', 'insert', 1));
        await processed('supabase', change('u1', 'update', 2));
        const row = await record('orders', 'u1');
        assert.equal(row.data.toString(), '{"n":2}');
        assert.equal(Number(row.deleted), 0);
    });

    test('an update that arrives late is refused', async () => {
        await processed('supabase', change('u2', 'insert', 1));
        await processed('supabase', change('u2', 'update', 5));
        await processed('supabase', change('u2', 'update', 3));
        const row = await record('orders', 'u2');
        assert.equal(row.data.toString(), '{"n":5}');
        assert.equal(row.version_us, `${Date.parse(at(5))}000`);
    });

    test('fractions of a second decide as well', async () => {
        const body = change('u3', 'insert', 1, { n: 'new' });
        await processed('supabase',
            { ...body, timestamp: '2026-01-01T15:00:01.000002Z' });
        await processed('supabase', { ...body, event_type: 'update',
            timestamp: '2026-01-01T15:00:01.000001Z', data: { n: 'old' } });
        const row = await record('orders', 'u3');
        assert.equal(row.data.toString(), '{"n":"new"}');
    });

    test('a delete leaves a tombstone', async () => {
        await processed('supabase', change('u4', 'insert', 1));
        await processed('supabase', change('u4', 'delete', 3));
        const row = await record('orders', 'u4');
        assert.equal(Number(row.deleted), 1);
        assert.equal(row.data, null);
    });

    test('a late update does not bring a deleted record back', async () => {
        await processed('supabase', change('u5', 'insert', 1));
        await processed('supabase', change('u5', 'delete', 4));
        await processed('supabase', change('u5', 'update', 3));
        const row = await record('orders', 'u5');
        assert.equal(Number(row.deleted), 1);
        assert.equal(row.data, null);
    });

    test('a delete that arrives before the insert wins', async () => {
        await processed('supabase', change('u6', 'delete', 4));
        await processed('supabase', change('u6', 'insert', 2));
        assert.equal(Number((await record('orders', 'u6')).deleted), 1);
    });

    test('an insert after the delete is a new life', async () => {
        await processed('supabase', change('u7', 'delete', 2));
        await processed('supabase', change('u7', 'insert', 6));
        const row = await record('orders', 'u7');
        assert.equal(Number(row.deleted), 0);
        assert.equal(row.data.toString(), '{"n":6}');
    });

    test('a burst of updates in any order ends with the newest', async () => {
        const order = [3, 7, 1, 9, 5, 2, 8, 4, 6];
        await Promise.all(order.map(async (second) => {
            const answer = await stack.receive('supabase',
                change('u8', 'update', second));
            assert.equal(answer.status, 202, answer.text);
        }));
        await stack.drained();
        assert.equal((await record('orders', 'u8')).data.toString(),
            '{"n":9}');
    });

    test('a schema other than public is part of the table name', async () => {
        await processed('supabase', { type: 'INSERT', table: 'users',
            schema: 'auth', record: { id: 7 }, old_record: null });
        assert.ok(await record('auth.users', '7'));
        assert.equal(await record('users', '7'), undefined);
    });

    test("Supabase's own UPDATE and DELETE follow each other", async () => {
        const hook = (type, record_, old_record) => ({ type, table: 'plain',
            schema: 'public', record: record_, old_record });
        await processed('supabase', hook('INSERT', { id: 9, v: 1 }, null));
        await processed('supabase',
            hook('UPDATE', { id: 9, v: 2 }, { id: 9, v: 1 }));
        assert.equal((await record('plain', '9')).data.toString(),
            '{"id":9,"v":2}');
        await processed('supabase', hook('DELETE', null, { id: 9, v: 2 }));
        assert.equal(Number((await record('plain', '9')).deleted), 1);
    });

    test('record ids that differ only in case or trailing space are two',
        async () => {
            for (const id of ['Case', 'case', 'case '])
                await processed('supabase', change(id, 'insert', 1,
                    { id }));
            for (const id of ['Case', 'case', 'case '])
                assert.equal((await record('orders', id)).data.toString(),
                    JSON.stringify({ id }));
        });

    test('a Notion page is mirrored under its database id', async () => {
        await processed('notion', notionBody);
        // Notion writes ids with dashes and without: they are kept without.
        const row = await record(notionBody.table_name,
            notionBody.record_id.replaceAll('-', ''));
        assert.equal(row.data.toString(), JSON.stringify(notionBody.data));
    });
});

describe('the relay', () => {
    test('a processed event goes to matching subscriptions, bytes untouched',
        async () => {
            const place = receiver.place('relay');
            const other = receiver.place('relay-other');
            const subscription = await subscribe(stack, place.url,
                ['supabase.invoices.*']);
            await subscribe(stack, other.url, ['supabase.payments.*']);
            const body = fresh({ table_name: 'invoices' });
            const text = JSON.stringify(body).replace('"data":{',
                '"data": { "total": 1234567890123456789012345678.90, ');
            await processed('supabase', text);
            const request = await place.arrived(1);

            const [event] = await eventOf(stack, body.record_id);
            const minified = text.replace('"data": { "total": ',
                '"data":{"total":').replace('.90, ', '.90,');
            assert.equal(event.payload.toString('utf8'), minified);
            const sent = request.body.toString('utf8');
            assert.ok(sent.includes(`"data":${minified}`), sent);
            assert.equal(request.json.id, idText('evt', event.id));
            assert.equal(request.headers['webhook-id'], request.json.id);
            assert.equal(request.json.event, 'supabase.invoices.insert');
            assert.equal(request.json.event_type, 'supabase.invoices.insert');
            assert.equal(request.headers['x-webhook-event'],
                'supabase.invoices.insert');
            const { metadata } = request.json;
            assert.equal(metadata.source, 'supabase');
            assert.equal(metadata.table, 'invoices');
            assert.equal(metadata.record_id, body.record_id);
            assert.equal(metadata.action, 'insert');
            await stack.drained();
            const rows = await stack.sql.rows(
                'SELECT subscription_id, status FROM webhook_deliveries');
            assert.deepEqual(rows.map((row) => [Number(row.subscription_id),
                row.status]), [[subscription.id, 'success']]);
            assert.equal(other.requests.length, 0);
        });

    test('a stale update is relayed all the same: it happened', async () => {
        const place = receiver.place('relay-stale');
        await subscribe(stack, place.url, ['supabase.stale.*']);
        const stale = (second) => ({ ...change('s1', 'update', second),
            table_name: 'stale' });
        await processed('supabase', stale(5));
        await processed('supabase', stale(2));
        await place.arrived(2);
        assert.deepEqual(place.requests.map((r) => r.json.data.data.n),
            [5, 2]);
    });

    test('a change of relay loses no event and doubles none',
        async () => {
            const place = receiver.place('relay-switched');
            await subscribe(stack, place.url, ['notion.switched.*']);
            const sent = [];
            for (const relay of ['received', 'processed']) {
                const done = await stack.cli('source', 'set', 'notion',
                    '--relay', relay);
                assert.equal(done.code, 0, done.stderr);
                // Before and after the programs have noticed.
                for (let i = 0; i < 15; i++) {
                    const id = `${relay}-${i}`;
                    const answer = await stack.receive('notion', {
                        ...notionBody, table_name: 'switched',
                        record_id: id });
                    assert.equal(answer.status, 202, answer.text);
                    sent.push(id);
                    await pause(100);
                }
            }
            await stack.drained();
            assert.deepEqual(place.requests.map((r) =>
                r.json.metadata.record_id).sort(), sent.sort());
        });

    test('a delete is relayed with its action', async () => {
        const place = receiver.place('relay-delete');
        await subscribe(stack, place.url, ['supabase.dropped.delete']);
        await processed('supabase', { ...change('d1', 'insert', 1),
            table_name: 'dropped' });
        await processed('supabase', { ...change('d1', 'delete', 2),
            table_name: 'dropped' });
        const request = await place.arrived(1);
        assert.equal(request.json.metadata.action, 'delete');
        await stack.drained();
        assert.equal(place.requests.length, 1);
    });
});

describe('the log', () => {
    const stamp = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d';

    test('a processed event leaves the four documented lines', async () => {
        const id = 'abc-123';
        await processed('supabase', fresh({ record_id: id }));
        const lines = [
            `Starting webhook processing: supabase/insert for record ${id}`,
            'Processing Supabase insert event',
            "Supabase webhook processed: \\['[a-z_]+'(?:, '[a-z_]+')*\\]",
            'Webhook processed successfully in \\d+\\.\\d\\ds ' +
                '\\(attempt 1/3\\)',
        ];
        for (const line of lines) {
            const pattern = new RegExp(
                `^${stamp} - webhook_handlers - INFO - ${line}`, 'm');
            await eventually(line, () => pattern.test(stack.logs()));
        }
    });

    test('Notion events name their source', async () => {
        await processed('notion', { ...notionBody, record_id: 'page-9' });
        for (const line of [
            'Starting webhook processing: notion/update for record page-9',
            'Processing Notion update event',
            'Notion webhook processed: '])
            await eventually(line, () => stack.logs().includes(line));
    });

    test('no payload stands in the log', () => {
        assert.ok(!stack.logs().includes('john@example.com'));
    });
});
