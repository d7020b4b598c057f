// source_settings.test.mjs - the settings that stand in for what a source does
// not say itself, each by what it does: SUPABASE_URL, SUPABASE_KEY,
// NOTION_API_KEY, NOTION_DATABASE_ID, CONFIDENCE_THRESHOLD, WEBHOOK_SECRET.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Notion } from '../fakes/notion.mjs';
import { Postgrest } from '../fakes/postgrest.mjs';
import { request } from './lib/http.mjs';
import { hexSignature, signed } from './lib/sign.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const SERVICE_KEY = 'eyJ-the-service-key';
const NOTION_KEY = 'ntn_the-integration';
const SHARED = 'everybodys-secret';
const WATCHED = '1f0d6c3e2b4a4c5d8e9f0a1b2c3d4e5f';
const columns = { id: 'int8', name: 'text', size: 'int8',
    updated_at: 'timestamptz' };

let stack;
let postgrest;
let notion;
before(async () => {
    [postgrest, notion] = await Promise.all([
        Postgrest.start({ key: SERVICE_KEY }),
        Notion.start({ key: NOTION_KEY }),
    ]);
    stack = await Stack.start({ conf: {
        supabase_url: postgrest.url, supabase_key: SERVICE_KEY,
        notion_api_key: NOTION_KEY, notion_api_url: notion.url,
        notion_database_id: WATCHED,
        confidence_threshold: 0.6, webhook_secret: SHARED,
    } });
    const answer = await stack.api().patch('/api/sources/notion',
        { api_rate: 0, debounce_ms: 0 });
    assert.equal(answer.status, 200, answer.text);
});
after(async () => {
    await Promise.all([postgrest?.stop(), notion?.stop()]);
    await stack?.stop();
});

const record = (table, id) => stack.sql.one('SELECT * FROM records WHERE ' +
    'table_name = ? AND record_id = ?', [table, id]);

async function processed(body, source = 'supabase') {
    const answer = await stack.receive(source, body);
    assert.equal(answer.status, 202, answer.text);
    await stack.drained();
}

describe('SUPABASE_URL and SUPABASE_KEY', () => {
    test('have the project asked for the record of an event', async () => {
        const users = postgrest.table('users', columns);
        const body = postgrest.insert(users, { id: 1, name: 'event',
            updated_at: '2026-01-01T15:00:00+00:00' });
        postgrest.update(users, () => true, { name: 'project',
            updated_at: '2026-01-01T15:00:01+00:00' });
        await processed(body);
        const row = await record('users', '1');
        assert.equal(JSON.parse(row.data.toString()).name, 'project');
        assert.equal(row.verified, 'yes');
        const [asked] = postgrest.requests;
        assert.equal(asked.headers.apikey, SERVICE_KEY);
    });

    test("are for Supabase alone, and give way to the source's own",
        async () => {
            const answer = await stack.api().post('/api/sources',
                { name: 'mine', provider: 'hmac', secret: 'my-own-secret',
                    fetch: true });
            assert.equal(answer.status, 201, answer.text);
            const before_ = postgrest.requests.length;
            const body = JSON.stringify({ event_type: 'insert',
                source: 'mine', table_name: 'users', record_id: '7',
                data: { name: 'mine' } });
            await eventually('it is taken', async () =>
                (await stack.receive('mine', body,
                    signed('my-own-secret', body))).status === 202);
            await stack.drained();
            assert.equal(postgrest.requests.length, before_);
        });
});

describe('CONFIDENCE_THRESHOLD', () => {
    test('splits what differs at the same version', async () => {
        const sizes = postgrest.table('sizes', columns);
        const row = (id) => ({ id, name: `n${id}`, size: 5,
            updated_at: '2026-01-01T15:00:00+00:00' });
        // Three of four fields are equal, then two of four.
        await processed(postgrest.insert(sizes, row(1))
            .replace('"n1"', '"forged"'));
        await processed(postgrest.insert(sizes, row(2))
            .replace('"n2"', '"forged"').replace('"size": 5', '"size": 6'));
        assert.equal((await record('sizes', '1')).verified, 'yes');
        assert.equal((await record('sizes', '2')).verified, 'differs');
        // A source's own confidence wins.
        const answer = await stack.api().patch('/api/sources/supabase',
            { confidence_percent: 10 });
        assert.equal(answer.status, 200);
        await eventually('the worker has noticed', async () => {
            const id = String(Math.floor(Math.random() * 1e6) + 10);
            await processed(postgrest.insert(sizes, row(Number(id)))
                .replace(`"n${id}"`, '"forged"')
                .replace('"size": 5', '"size": 6'));
            return (await record('sizes', id)).verified === 'yes';
        });
    });
});

describe('NOTION_API_KEY and NOTION_DATABASE_ID', () => {
    const event = (database) => JSON.stringify({ event_type: 'page.updated',
        database_id: database, page_id: '2b3c4d5e-6f70-4182-93a4-b5c6d7e8f901',
        workspace_id: 'w', timestamp: '2026-01-01T15:00:00Z' });
    const send = (body) => stack.receive('notion', body,
        { 'X-Notion-Signature':
            `sha256=${hexSignature(stack.env.NOTION_SECRET, body)}` });

    test('the key goes to no address that a source names', async () => {
        const made = await stack.api().post('/api/sources',
            { name: 'elsewhere', provider: 'notion', secret: 'elsewhere-secret',
                api_url: notion.url, debounce_ms: 0, watch: [WATCHED] });
        assert.equal(made.status, 201, made.text);
        const before_ = notion.requests.length;
        const body = event(WATCHED);
        const answer = await stack.receive('elsewhere', body,
            { 'X-Notion-Signature':
                `sha256=${hexSignature('elsewhere-secret', body)}` });
        assert.equal(answer.status, 202, answer.text);
        await stack.drained();
        assert.equal(notion.requests.length, before_);
    });

    test('pages of another database are ignored', async () => {
        const answer = await send(event('00000000000000000000000000000001'));
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(answer.json, { status: 'ignored',
            reason: 'database not watched' });
    });

    test('those of the watched one are read with the key, however its id is ' +
        'written', async () => {
        const dashed = WATCHED.toUpperCase().replace(
            /^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
        const answer = await send(event(dashed));
        assert.equal(answer.status, 202, answer.text);
        await eventually('it is asked for', () => notion.requests.some((one) =>
            one.path.startsWith('/v1/pages/') &&
            one.headers.authorization === `Bearer ${NOTION_KEY}`));
    });

    test("a source's own watch list wins", async () => {
        const other = '00000000000000000000000000000001';
        const changed = await stack.api().patch('/api/sources/notion',
            { watch: [other] });
        assert.equal(changed.status, 200);
        assert.equal((await send(event(other))).status, 202);
        assert.equal((await send(event(WATCHED))).status, 200);
    });
});

describe('WEBHOOK_SECRET', () => {
    test('checks a source that has no secret, and no other', async () => {
        const made = await stack.api().post('/api/sources',
            { name: 'bare', provider: 'hmac', secret: null });
        assert.equal(made.status, 201, made.text);
        assert.equal(made.json.secrets, 0);
        const body = JSON.stringify({ event_type: 'insert', source: 'bare',
            table_name: 't', record_id: '1', data: {} });
        const send = async (secret) =>
            (await stack.receive('bare', body, signed(secret, body))).status;
        assert.equal(await send(SHARED), 202);
        assert.equal(await send('another-secret'), 401);
        await stack.api().patch('/api/sources/bare',
            { secret: 'its-own-secret' });
        assert.equal(await send('its-own-secret'), 202);
        assert.equal(await send(SHARED), 401);
    });

    test('signs nothing for whoever asks a source of X', async () => {
        const made = await stack.api().post('/api/sources',
            { name: 'x-shared', provider: 'x' });
        assert.equal(made.status, 201, made.text);
        assert.equal(made.json.secrets, 0);
        const body = '{"for_user_id":"1","tweet_create_events":[]}';
        const mac = createHmac('sha256', SHARED).update(body).digest('base64');
        const taken = await stack.receive('x-shared', body,
            { 'X-Twitter-Webhooks-Signature': `sha256=${mac}` });
        assert.equal(taken.status, 200, taken.text);
        const asked = await request(stack.url, 'GET',
            '/api/v1/webhooks/x-shared?crc_token=abc');
        assert.equal(asked.status, 401, asked.text);
        assert.ok(!asked.text.includes('response_token'));
    });
});
