// process_fetch.test.mjs - events are hints: what the source itself says is
// mirrored, relayed and logged. PostgREST and Notion are fakes.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Notion } from '../fakes/notion.mjs';
import { Postgrest } from '../fakes/postgrest.mjs';
import { changeConfig, subscribe } from './lib/gateway.mjs';
import { Receiver } from './lib/receiver.mjs';
import { request } from './lib/http.mjs';
import { signed } from './lib/sign.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const KEY = 'eyJ-the-service-key';
const SECRET = 'the-signing-secret';

let stack;
let receiver;
let postgrest;
let notion;
before(async () => {
    [stack, receiver, postgrest, notion] = await Promise.all([
        Stack.start({ conf: { log_level: 'debug', breaker_failures: 0 } }),
        Receiver.start(),
        Postgrest.start({ key: KEY, schemas: ['public', 'shop'] }),
        Notion.start({ key: KEY }),
    ]);
});
after(async () => {
    await Promise.all([receiver?.stop(), postgrest?.stop(), notion?.stop()]);
    await stack?.stop();
});

let serial = 0;

// A source of its own for each test: {name, send(body)}.
async function source(provider, options = {}) {
    const name = `${provider}-${++serial}`;
    const api = provider === 'supabase' ? postgrest.url : notion.url;
    const answer = await stack.api().post('/api/sources', {
        name, provider, secret: SECRET, api_key: KEY, api_url: api,
        api_rate: 0, debounce_ms: 0, retry_delay: 1, ...options });
    assert.equal(answer.status, 201, answer.text);
    return {
        name,
        id: answer.json.id,
        async send(body, status = 202) {
            const bytes = typeof body === 'string' ? body
                : JSON.stringify(body);
            const headers = signed(SECRET, bytes, provider === 'notion'
                ? 'sha256=' : '');
            if (provider === 'notion')
                headers['X-Notion-Signature'] = headers['X-Webhook-Signature'];
            if (provider === 'notion')
                delete headers['X-Webhook-Signature'];
            // Responders look for new sources a few times a second.
            await eventually(`${name} is known`, async () => {
                const got = await request(stack.url, 'POST',
                    `/api/v1/webhooks/${name}`, { body: bytes, headers });
                if (got.status !== 404 && status === 202)
                    assert.equal(got.status, 202, got.text);
                return got.status === status;
            });
        },
        // The mirror's row.
        async record(table, id) {
            const rows = await stack.sql.rows('SELECT r.* FROM records r JOIN ' +
                'sources s ON s.id = r.source_id WHERE s.name = ? AND ' +
                'table_name = ? AND record_id = ?', [name, table, id]);
            return rows[0];
        },
        // How its events ended.
        ends() {
            return stack.sql.rows('SELECT d.* FROM deliveries d JOIN sources s ' +
                'ON s.id = d.owner_id WHERE d.kind = 2 AND s.name = ? ' +
                'ORDER BY d.id', [name]);
        },
        attempts() {
            return stack.sql.rows('SELECT a.* FROM attempts a JOIN sources s ' +
                'ON s.id = a.owner_id WHERE a.kind = 2 AND s.name = ? ' +
                'ORDER BY a.delivery_id, a.attempt', [name]);
        },
    };
}

let tables = 0;
function table(columns = { id: 'int8', name: 'text',
    updated_at: 'timestamptz' }, more = {}) {
    return postgrest.table(`t${++tables}`, columns, more);
}

const at = (second) => `2026-01-01T15:00:${String(second).padStart(2, '0')}` +
    '+00:00';
const asked = (name) => postgrest.requests.filter((one) =>
    one.path === `/rest/v1/${name}`);
const json = (row) => JSON.parse(row.data.toString());

describe('a source that PostgREST can be asked for', () => {
    test('the row that it has is mirrored, not what the event says', async () => {
        const s = await source('supabase');
        const t = table();
        const body = postgrest.insert(t, { id: 7, name: 'old',
            updated_at: at(1) });
        postgrest.update(t, (row) => true, { name: 'new', updated_at: at(2) });
        await s.send(body);
        await stack.drained();
        const row = await s.record(t.name, '7');
        assert.equal(json(row).name, 'new');
        assert.equal(row.verified, 'yes');
        const [one] = asked(t.name);
        assert.equal(one.path + one.search, `/rest/v1/${t.name}?id=eq.7&select=*`);
        assert.equal(one.headers.apikey, KEY);
        assert.equal(one.headers.authorization, `Bearer ${KEY}`);
        assert.equal(one.headers['accept-profile'], undefined);
        assert.match(stack.logs(), /processed: \['source_newer', /);
    });

    test('64-bit ids and numerics keep their digits', async () => {
        const s = await source('supabase');
        const t = table({ id: 'int8', amount: 'numeric' });
        await s.send(postgrest.insert(t, { id: { raw: '9007199254740993' },
            amount: { raw: '12.50' } }));
        await stack.drained();
        const row = await s.record(t.name, '9007199254740993');
        assert.equal(row.data.toString(),
            '{"id":9007199254740993,"amount":12.50}');
        assert.match(stack.logs(), /processed: \['verified', /);
    });

    test('composite keys, other schemas and strange values', async () => {
        const s = await source('supabase', {
            key_columns: { 'shop.order lines': ['order id', 'line no'] } });
        const t = postgrest.table('order lines', { 'order id': 'text',
            'line no': 'int8' }, { schema: 'shop', key: ['order id', 'line no'] });
        await s.send(postgrest.insert(t, { 'order id': 'a,b&c=ü',
            'line no': 2 }));
        await stack.drained();
        const one = postgrest.requests.at(-1);
        assert.equal(one.path + one.search, '/rest/v1/order%20lines?' +
            'order%20id=eq.a%2Cb%26c%3D%C3%BC&line%20no=eq.2&select=*');
        assert.equal(one.headers['accept-profile'], 'shop');
        const [row] = await stack.sql.rows('SELECT * FROM records WHERE ' +
            "table_name = 'shop.order lines'");
        assert.equal(row.record_id, 'order id=a\\,b&c=ü,line no=2');
        assert.equal(row.verified, 'yes');
    });

    test('the same version with other content is a mismatch', async () => {
        const s = await source('supabase', { confidence_percent: 80 });
        const t = table();
        const body = postgrest.insert(t, { id: 1, name: 'true',
            updated_at: at(1) });
        await s.send(body.replace('"true"', '"forged"'));
        await stack.drained();
        const row = await s.record(t.name, '1');
        assert.equal(json(row).name, 'true');
        assert.equal(row.verified, 'differs');
        assert.match(stack.logs(), /processed: \['mismatch', /);
    });

    test('below the confidence threshold it is taken as equal', async () => {
        const s = await source('supabase', { confidence_percent: 60 });
        const t = table();
        const body = postgrest.insert(t, { id: 1, name: 'true',
            updated_at: at(1) });
        await s.send(body.replace('"true"', '"forged"'));
        await stack.drained();
        const row = await s.record(t.name, '1');
        assert.equal(json(row).name, 'true');
        assert.equal(row.verified, 'yes');
    });

    test('a row that is not there is asked for once more, then gone',
        async () => {
            const s = await source('supabase');
            const t = table();
            const body = postgrest.insert(t, { id: 1, name: 'x' });
            postgrest.remove(t, () => true);
            await s.send(body);
            await stack.drained();
            assert.equal(asked(t.name).length, 2);
            const row = await s.record(t.name, '1');
            assert.equal(Number(row.deleted), 1);
            const [end] = await s.ends();
            assert.equal(end.status, 'success');
            assert.equal(Number(end.attempts), 2);
            const [attempt] = await s.attempts();
            assert.equal(attempt.error_class, 'absent');
        });

    test('a delete of what is there is undone', async () => {
        const s = await source('supabase');
        const t = table();
        postgrest.insert(t, { id: 1, name: 'x' });
        const body = postgrest.remove(t, () => true);
        postgrest.insert(t, { id: 1, name: 'back' });
        await s.send(body);
        await stack.drained();
        const row = await s.record(t.name, '1');
        assert.equal(Number(row.deleted), 0);
        assert.equal(json(row).name, 'back');
        assert.match(stack.logs(), /processed: \['resurrected', /);
    });

    test('a delete of what is gone is a delete, without a second question',
        async () => {
            const s = await source('supabase');
            const t = table();
            postgrest.insert(t, { id: 1, name: 'x' });
            await s.send(postgrest.remove(t, () => true));
            await stack.drained();
            assert.equal(asked(t.name).length, 1);
            assert.equal(Number((await s.record(t.name, '1')).deleted), 1);
        });

    test('429 is waited for as long as it says, and is no attempt', async () => {
        const s = await source('supabase', { max_attempts: 1 });
        const t = table();
        postgrest.fail({ status: 429, retryAfter: 2, times: 2,
            path: new RegExp(t.name) });
        await s.send(postgrest.insert(t, { id: 1, name: 'x' }));
        await stack.drained();
        const times = asked(t.name).map((one) => one.at);
        assert.equal(times.length, 3);
        assert.ok(times[1] - times[0] >= 1990, `${times[1] - times[0]} ms`);
        const [end] = await s.ends();
        assert.equal(end.status, 'success');
        assert.equal(Number(end.attempts), 1);
        assert.equal((await s.attempts()).length, 0);
    });

    test('a source that is down is asked again; then as when_down says',
        async () => {
            for (const [when_down, status] of [['fail', 'failed'],
                ['apply', 'success']]) {
                const s = await source('supabase', { when_down,
                    max_attempts: 2, retry_delay: 1 });
                const t = table();
                const place = receiver.place(`down-${when_down}`);
                await subscribe(stack, place.url, ['cache.invalidated'],
                    { channels: [`source:${s.name}`] });
                postgrest.fail({ status: 502, times: Infinity,
                    path: new RegExp(`${t.name}$`) });
                await s.send(postgrest.insert(t, { id: 1, name: 'said' }));
                // At once: nobody should trust what he has.
                const told = await place.arrived(1);
                assert.equal(told.json.data.reason, 'source_down');
                await stack.drained();
                postgrest.heal();
                const [end] = await s.ends();
                assert.equal(end.status, status);
                assert.equal(Number(end.attempts), 2);
                const row = await s.record(t.name, '1');
                if (when_down === 'fail')
                    assert.equal(row, undefined);
                else
                    assert.equal(row.verified, 'no');
            }
        });

    test('hold: it is tried until the source is back', async () => {
        const s = await source('supabase', { when_down: 'hold',
            max_attempts: 1 });
        const t = table();
        postgrest.fail({ status: 500, path: new RegExp(t.name) });
        await s.send(postgrest.insert(t, { id: 1, name: 'x' }));
        await eventually('it is held', async () => (await stack.sql.count(
            'SELECT COUNT(*) FROM jobs WHERE attempts = 0 AND next_retry_at > ' +
            'NOW(6) + INTERVAL 20 SECOND')) === 1);
        await stack.sql.rows('UPDATE jobs SET next_retry_at = NOW(6)');
        await stack.drained();
        const [end] = await s.ends();
        assert.equal(end.status, 'success');
    });

    test('a key that is refused burns no attempt, and is told once',
        async () => {
            const s = await source('supabase', { api_key: 'eyJ-wrong' });
            const t = table();
            const place = receiver.place('refused');
            await subscribe(stack, place.url, ['source.api_refused']);
            await s.send(postgrest.insert(t, { id: 1, name: 'x' }));
            await s.send(postgrest.insert(t, { id: 2, name: 'y' }));
            const told = await place.arrived(1);
            assert.deepEqual(told.json.data, { source: s.name, status: 401,
                error: 'HTTP 401' });
            assert.equal(asked(t.name).length, 1);
            assert.ok(!stack.logs().includes('eyJ-wrong'));
            // Another key is another beginning.
            const changed = await stack.api().patch(`/api/sources/${s.name}`,
                { api_key: KEY });
            assert.equal(changed.status, 200, changed.text);
            await stack.sql.rows('UPDATE jobs SET next_retry_at = NOW(6)');
            await stack.drained();
            const ends = await s.ends();
            assert.deepEqual(ends.map((end) => [end.status,
                Number(end.attempts)]), [['success', 1], ['success', 1]]);
            assert.equal(place.requests.length, 1);
        });

    test('a redirect is not followed, and the key goes nowhere', async () => {
        const s = await source('supabase', { max_attempts: 1 });
        const t = table();
        const elsewhere = receiver.place('elsewhere');
        postgrest.fail({ status: 302, headers: { Location: elsewhere.url },
            path: new RegExp(t.name) });
        await s.send(postgrest.insert(t, { id: 1, name: 'x' }));
        await stack.drained();
        const [end] = await s.ends();
        assert.equal(end.status, 'failed');
        assert.equal(end.error_class, 'odd_answer');
        assert.equal(elsewhere.requests.length, 0);
    });

    test('an address that may not be reached is not asked', async () => {
        const s = await source('supabase');
        await changeConfig(stack, 'UPDATE sources SET settings = ' +
            "JSON_SET(settings, '$.api_url', ?), config_version = {version} " +
            'WHERE name = ?', ['http://10.9.8.7/', s.name]);
        await s.send(postgrest.insert(table(), { id: 1, name: 'x' }));
        await eventually('it says so', () =>
            stack.logs().includes('is not public and not listed'));
        assert.equal((await s.ends()).length, 0);
        await stack.sql.rows('DELETE FROM jobs');
    });

    test('the relay carries the original body, after the check', async () => {
        const s = await source('supabase');
        const t = table();
        const place = receiver.place('relayed');
        await subscribe(stack, place.url, [`${s.name}.${t.name}.insert`]);
        const body = postgrest.insert(t, { id: 5, name: 'as sent' });
        postgrest.update(t, () => true, { name: 'later' });
        await s.send(body);
        const relayed = await place.arrived(1);
        assert.equal(relayed.json.data.record.name, 'as sent');
        assert.equal(relayed.json.metadata.record_id, '5');
        assert.equal(asked(t.name).length, 1);
    });
});

describe('Notion', () => {
    test('a page is fetched by the version of its event', async () => {
        const s = await source('notion');
        const { database, source: tasks } = notion.database();
        const page = notion.page({ source: tasks, values: { Name: 'First' } });
        await s.send(notion.event('page.created', page,
            { api_version: '2025-09-03' }));
        await stack.drained();
        const one = notion.requests.at(-1);
        assert.equal(one.path, `/v1/pages/${page.id.replaceAll('-', '')}`);
        assert.equal(one.headers['notion-version'], '2025-09-03');
        assert.equal(one.headers.authorization, `Bearer ${KEY}`);
        const row = await s.record(database.id.replaceAll('-', ''),
            page.id.replaceAll('-', ''));
        assert.equal(json(row).properties.Name.title[0].plain_text, 'First');
        assert.equal(row.verified, 'yes');
    });

    test('a page in the trash is deleted, whatever the event says', async () => {
        const s = await source('notion');
        const { database, source: tasks } = notion.database();
        const page = notion.page({ source: tasks, values: { Name: 'Gone' } });
        notion.trash(page.id);
        await s.send(notion.event('page.content_updated', page));
        await stack.drained();
        const row = await s.record(database.id.replaceAll('-', ''),
            page.id.replaceAll('-', ''));
        assert.equal(Number(row.deleted), 1);
    });

    test('each kind of thing has its path', async () => {
        const s = await source('notion');
        const { database, source: tasks } = notion.database();
        const page = notion.page({ source: tasks });
        const block = notion.block(page, 'text');
        const comment = notion.comment(page, 'text');
        for (const [type, thing, path] of [
            ['database.schema_updated', database, 'databases'],
            ['data_source.content_updated', tasks, 'data_sources'],
            ['block.updated', block, 'blocks'],
            ['comment.created', comment, 'comments'],
        ]) {
            await s.send(notion.event(type, thing));
            await stack.drained();
            assert.equal(notion.requests.at(-1).path,
                `/v1/${path}/${thing.id.replaceAll('-', '')}`);
        }
        assert.ok((await s.ends()).every((end) => end.status === 'success'));
    });

    test('a watch list may have names: each database is asked for once',
        async () => {
            const s = await source('notion', { watch: ['Watched'] });
            const watched = notion.database({ name: 'Watched' });
            const other = notion.database({ name: 'Other' });
            const count = (one) => notion.count((request) =>
                request.path.includes(one.id.replaceAll('-', '')));
            const created = ({ source: tasks }) =>
                notion.event('page.created', notion.page({ source: tasks }));
            for (const database of [watched, other, watched]) {
                await s.send(created(database));
                await stack.drained();
            }
            const ends = await s.ends();
            assert.deepEqual(ends.map((end) => end.error_class),
                [null, 'ignored', null]);
            // A moment later the responder knows the name as well.
            await s.send(created(other), 200);
            await stack.drained();
            assert.equal(count(watched.database), 1);
            assert.equal(count(other.database), 1);
            assert.equal(ends[1].error_message, 'database not watched');
            const names = await stack.sql.rows('SELECT name FROM ' +
                'source_names ORDER BY name');
            assert.deepEqual(names.map((row) => row.name),
                ['Other', 'Watched']);
        });

    test('what cannot be asked for is taken as it is', async () => {
        const s = await source('notion');
        const before = notion.requests.length;
        await s.send({ ...notion.event('file_upload.completed',
            { id: notion.workspace, object: 'file_upload' }), data: undefined });
        await stack.drained();
        assert.equal(notion.requests.length, before);
        assert.equal((await s.ends())[0].status, 'success');
    });

    test('529 with Retry-After is waited for', async () => {
        const s = await source('notion', { max_attempts: 1 });
        const page = notion.page();
        notion.fail({ status: 529, retryAfter: 1 });
        await s.send(notion.event('page.created', page));
        await stack.drained();
        const [end] = await s.ends();
        assert.equal(end.status, 'success');
        assert.equal(Number(end.attempts), 1);
    });

    test('a wrong address of the API is no word about a page', async () => {
        const s = await source('notion', { max_attempts: 1 });
        const page = notion.page();
        notion.fail({ status: 404, body: { message: 'not here' } });
        await s.send(notion.event('page.content_updated', page));
        await stack.drained();
        const [end] = await s.ends();
        assert.equal(end.error_class, 'odd_answer');
        assert.equal(await s.record('page', page.id.replaceAll('-', '')),
            undefined);
    });
});
