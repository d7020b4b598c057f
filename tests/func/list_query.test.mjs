// list_query.test.mjs - a list refuses a parameter that it does not know, and
// says which one may have been meant; what is no list of ours takes any.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { subscribe } from './lib/gateway.mjs';
import { request } from './lib/http.mjs';
import { fresh, supabaseBody } from './lib/receive_cases.mjs';
import { signed } from './lib/sign.mjs';
import { Stack, root } from './lib/stack.mjs';

const time = '2026-01-01T15:00:00Z';
const page = { limit: '5' };
const deliveries = { ...page, status: 'failed', event_type: 'a.b',
    event: 'a.b', response_code: '4xx', error_class: 'http',
    subscription: '1', subscription_id: '1', webhook_id: '1', since: time,
    until: time };
const records = { ...page, deleted: 'all', updated_since: time,
    record_id: 'x' };

// Every list, and a good value of all that it knows.
const lists = {
    '/api/applications': { ...page, cursor: 'app_0000000000001' },
    '/api/deliveries': { ...deliveries, cursor: 'dlv_0000000000001' },
    '/api/event-types': { ...page, archived: 'true' },
    '/api/events/history': { ...page, cursor: 'evt_0000000000001',
        event_type: 'a.b', event: 'a.b', source: 'notion', since: time,
        until: time },
    '/api/records': { ...records, source: 'notion', table: 't',
        cursor: '61' },
    '/api/records/search': { ...page, q: 'word', source: 'notion',
        table: 't' },
    '/api/records/notion/t': { ...records, cursor: '61' },
    '/api/replays': { ...page, cursor: 'rpl_0000000000001',
        status: 'done' },
    '/api/sources': { ...page, cursor: 'src_0000000000001' },
    '/api/sources/notion/rejections': { ...page, status: '401',
        cursor: 'rej_0000000000001', reason: 'no_secret' },
    '/api/webhooks': { ...page, cursor: 'ep_0000000000001' },
    '/api/webhooks/<webhook>/deliveries': { ...deliveries,
        cursor: 'dlv_0000000000001' },
};
const ids = { '/api/records/{source}/{table}': '/api/records/notion/t' };

let stack;
let api;
let webhook;
before(async () => {
    stack = await Stack.start();
    api = stack.api();
    webhook = (await subscribe(stack, 'https://example.com/', ['a.b'])).id;
});
after(() => stack?.stop());

const fill = (path) => path.replace('<webhook>', webhook);
const query = (values) => new URLSearchParams(values).toString();

// The texts of the files that hold the handlers of the management API.
const handlers = readdirSync(join(root, 'fcgi/resource'))
    .filter((name) => name.startsWith('res_') && name.endsWith('.c'))
    .map((name) => readFileSync(join(root, 'fcgi/resource', name), 'utf8'));

function refused(answer, name, hint) {
    const what = `${name}: ${answer.text}`;
    assert.equal(answer.status, 422, what);
    assert.deepEqual(answer.json, { detail: [{ loc: ['query', name],
        msg: `extra fields not permitted; ${hint}`,
        type: 'value_error.extra' }] }, what);
}

describe('a list', () => {
    for (const [path, known] of Object.entries(lists)) {
        test(`${path} takes all that it knows`, async () => {
            const answer = await api.get(`${fill(path)}?${query(known)}`);
            assert.equal(answer.status, 200, answer.text);
        });

        test(`${path} refuses what it does not know`, async () => {
            const answer = await api.get(
                `${fill(path)}?${query(known)}&zzzzzzzz=1`);
            assert.equal(answer.status, 422, answer.text);
            assert.deepEqual(answer.json.detail[0].loc,
                ['query', 'zzzzzzzz']);
            assert.match(answer.json.detail[0].msg,
                /^extra fields not permitted; permitted: ('\w+'(, )?)+$/);
        });
    }

    test('names the parameter that may have been meant', async () => {
        for (const [path, wrong, meant] of [
            ['/api/deliveries', 'statsu', 'status'],
            ['/api/deliveries', 'Status', 'status'],
            ['/api/deliveries', 'event-type', 'event_type'],
            ['/api/events/history', 'sourc', 'source'],
            ['/api/records/notion/t', 'update_since', 'updated_since'],
            ['/api/webhooks', 'limits', 'limit']])
            refused(await api.get(`${path}?${wrong}=x`), wrong,
                `did you mean '${meant}'?`);
    });

    test('lists what it knows where nothing is like it', async () => {
        refused(await api.get('/api/replays?colour=red'), 'colour',
            "permitted: 'status', 'limit', 'cursor'");
    });

    test('refuses it without a value, decoded, and behind known ones',
        async () => {
            for (const text of ['statsu', 'stats%75=failed',
                'limit=1&statsu=', '&&statsu=failed'])
                refused(await api.get(`/api/deliveries?${text}`), 'statsu',
                    "did you mean 'status'?");
        });

    test('shows the beginning of a long name', async () => {
        const answer = await api.get(`/api/webhooks?${'x'.repeat(4000)}=1`);
        refused(answer, 'x'.repeat(100), "permitted: 'limit', 'cursor'");
    });

    test('of tables refuses what picks records', async () => {
        for (const name of ['deleted', 'updated_since', 'record_id']) {
            const answer = await api.get('/api/records?' + query({
                source: 'notion', limit: '5', [name]: records[name] }));
            assert.equal(answer.status, 422, answer.text);
            assert.deepEqual(answer.json, { detail: [{
                loc: ['query', 'table'],
                msg: `field required with '${name}'`,
                type: 'value_error.missing' }] });
        }
        const tables = await api.get('/api/records?source=notion&limit=5');
        assert.equal(tables.status, 200, tables.text);
    });

    test('refuses it of HEAD too', async () => {
        const answer = await request(stack.url, 'HEAD',
            '/api/deliveries?statsu=failed',
            { headers: { authorization: `Bearer ${stack.token}` } });
        assert.equal(answer.status, 422);
    });

    test('asks for the token first', async () => {
        const answer = await stack.api('pst_wrong')
            .get('/api/deliveries?statsu=failed');
        assert.equal(answer.status, 401, answer.text);
    });

    test('says it as RFC 9457 to who asks for that', async () => {
        const answer = await request(stack.url, 'GET',
            '/api/deliveries?statsu=failed', { headers: {
                authorization: `Bearer ${stack.token}`,
                accept: 'application/problem+json' } });
        assert.equal(answer.status, 422);
        assert.equal(answer.json.detail, 'statsu: extra fields not ' +
            "permitted; did you mean 'status'?");
        assert.equal(answer.json.code, 'validation_error');
    });
});

describe('the lists above are all there are', () => {
    const paths = handlers.flatMap((text) => {
        const macro = text.match(/#define PATH "([^"]+)"/)?.[1];
        return [...text.matchAll(/METHOD_GET,\s*(PATH)?\s*(?:"([^"]*)")?/g)]
            .map(([, base, rest]) => (base ? macro : '') + (rest ?? ''));
    });

    test('no other GET answers with an array whatever it is asked',
        async () => {
            assert.ok(paths.length > 20, String(paths));
            for (const path of paths) {
                const answer = await api.get((ids[path] ?? path
                    .replace('/webhooks/{id}', `/webhooks/${webhook}`)
                    .replace('/sources/{id}', '/sources/notion')) +
                    '?zzzzzzzz=1');
                assert.ok(answer.status !== 200 ||
                    !Array.isArray(answer.json), path);
            }
        });

    test('each parameter that a handler reads is known to a list', () => {
        const elsewhere = ['cancel']; // of DELETE .../content
        const known = new Set([...Object.values(lists).flatMap(Object.keys),
            ...elsewhere]);
        const read = handlers.flatMap((text) => [...text.matchAll(
            /(?:request_query|resource_time)\(\s*[\w>-]+,\s*"(\w+)"/g)]
            .map(([, name]) => name));
        assert.ok(read.length > 15, String(read));
        assert.deepEqual(read.filter((name) => !known.has(name)), []);
    });
});

describe('any parameter is taken by', () => {
    test('Svix-compatible lists, whose clients send more than we know',
        async () => {
            for (const path of ['/api/v1/app', '/api/v1/event-type']) {
                const answer = await api.get(`${path}?order_by=x&zzzz=1`);
                assert.equal(answer.status, 200, `${path}: ${answer.text}`);
            }
        });

    test('receivers, whose addresses are entered somewhere else', async () => {
        const body = JSON.stringify(fresh());
        const answer = await request(stack.url, 'POST',
            '/api/v1/webhooks/supabase?statsu=1&limit=0&%ff=%00', { body,
                headers: signed(stack.env.SUPABASE_SECRET, body) });
        assert.equal(answer.status, 202, answer.text);
        const other = await request(stack.url, 'GET',
            '/api/v1/webhooks/stats?zzzz=1', {});
        assert.equal(other.status, 200, other.text);
        assert.equal((await request(stack.url, 'POST',
            '/api/v1/webhooks/test?source=supabase&zzzz=1', {
                body: JSON.stringify(supabaseBody), headers: {
                    'content-type': 'application/json' } })).status, 200);
    });

    test('what shows one thing', async () => {
        for (const path of [`/api/webhooks/${webhook}`, '/api/stats',
            '/api/sources/notion', '/health'])
            assert.equal((await api.get(`${path}?zzzz=1`)).status, 200, path);
    });
});
