// sources.test.mjs - managing sources: through the API, by the command line,
// and what a running gateway makes of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeToken } from './lib/gateway.mjs';
import { assertGolden, ID, SECRET, TIME } from './lib/golden.mjs';
import { client, links, request } from './lib/http.mjs';
import { hexSignature, signed } from './lib/sign.mjs';
import { Stack, root } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

const path = '/api/sources';
let stack;
let api;
before(async () => {
    stack = await Stack.start({ conf: { allow_targets: '127.0.0.0/8' } });
    api = stack.api();
});
after(() => stack?.stop());

const apiOf = async (scope) =>
    stack.api((await makeToken(stack, scope)).token);

let names = 0;
const fresh = (word = 'source') => `${word}-${++names}`;

async function add(body) {
    const answer = await api.post(path,
        { name: fresh(), provider: 'hmac', ...body });
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
}

const insert = (source, id) => ({ event_type: 'insert', source,
    table_name: 'users', record_id: String(id), data: { name: 'John' } });

// The status of one signed event.
async function send(source, secret, id = 1, headers = undefined) {
    const body = JSON.stringify(insert(source, id));
    const answer = await stack.receive(source, body,
        headers ?? signed(secret, body));
    return answer.status;
}

describe('creating', () => {
    test('a name and a provider are enough; a made secret is shown',
        async () => {
            const answer = await api.post(path,
                { name: 'shop-repository', provider: 'github' });
            assert.equal(answer.status, 201, answer.text);
            const seen = assertGolden(answer.body, 'source_created',
                { src: ID('src'), secret: SECRET, time: TIME });
            assert.equal(answer.headers.location, `${path}/${seen.src}`);
            const shown = await api.get(`${path}/shop-repository`);
            assertGolden(shown.body, 'source', { src: ID('src'), time: TIME });
        });

    test('every field is kept and given back', async () => {
        const body = {
            name: fresh(), provider: 'hmac', description: 'Zoë 😀',
            max_attempts: 7, retry_delay: 9, concurrency: 2,
            relay: 'received', key_columns: { items: ['order_id', 'line'] },
            verify: 'monitor', allow_from: ['192.0.2.0/24', '::1'],
            public_url: 'https://hooks.example.com/x', rate_limit: 5,
            address_rate_limit: 6, queue_size: 1000,
            dedupe: 'header:X-Id|json:id', type_path: 'meta.type',
            table_path: 'meta.table', record_path: 'data.items[0].id',
            data_path: 'data', time_path: 'meta.at', watch: ['users', 'x y'],
            watch_types: ['a.*'], ignore_authors: ['bot'],
            answer_status: 200, answer_body: { ok: [1, null] },
            mirror: false, debounce_ms: 1, debounce_max_ms: 2, fetch: true,
            api_url: 'http://127.0.0.1:1/', api_rate: 4, when_down: 'apply',
            confidence_percent: 70, version_field: 'changed',
            cache_keys: ['{table}:{id}', '{record.slug}'],
            invalidate_url: 'https://cache.example.com/drop',
            triggers: [{ name: 'done', on: ['a.b'] }],
            poll_tables: ['users'], poll_s: 60,
        };
        const made = await add({ ...body, api_key: 'the-api-key' });
        for (const [name, value] of Object.entries(body))
            assert.deepEqual(made[name], value, name);
        assert.equal(made.has_api_key, true);
        assert.equal(made.application, 'app_0000000000001');
        const shown = await api.get(`${path}/${made.id}`);
        assert.ok(!shown.text.includes('the-api-key'));
        const { secret, ...rest } = made;
        assert.match(secret, /^whsec_/);
        assert.deepEqual(shown.json, rest);
    });

    test('a given secret is never shown, nor stored in clear', async () => {
        const made = await add({ secret: 'in-clear-nowhere' });
        assert.equal(made.secret, undefined);
        assert.equal(made.secrets, 1);
        const row = await stack.sql.one(
            'SELECT * FROM sources WHERE name = ?', [made.name]);
        for (const value of Object.values(row))
            assert.ok(!String(value).includes('in-clear-nowhere'));
    });

    test('the secret that was made verifies at once', async () => {
        const made = await add({});
        assert.equal(await send(made.name, made.secret), 202);
        assert.equal(await send(made.name, 'another-secret'), 401);
    });

    test('a provider that makes its secret itself gets none from us',
        async () => {
            const stripe = await add({ provider: 'stripe' });
            assert.equal(stripe.secret, undefined);
            assert.equal(stripe.secrets, 0);
            const notion = await add({ provider: 'notion' });
            assert.equal(notion.handshake, 'awaiting');
        });

    test('a repeated Idempotency-Key makes one source', async () => {
        const body = { name: fresh(), provider: 'hmac' };
        const headers = { 'Idempotency-Key': `key-${body.name}` };
        const first = await api.post(path, body, { headers });
        const second = await api.post(path, body, { headers });
        assert.equal(first.status, 201, first.text);
        assert.equal(second.text, first.text);
    });
});

describe('refusing to create', () => {
    const problem = (msg, type, ...loc) => ({ loc: ['body', ...loc], msg,
        type });
    const wrongType = (want, ...loc) =>
        problem(`${want} type expected`, `type_error.${want}`, ...loc);
    const base = { name: 'refused', provider: 'hmac' };
    const exact = [
        ['an empty object', {}, ['name', 'provider'].map((name) =>
            problem('field required', 'value_error.missing', name))],
        ['an unknown field', { ...base, colour: 1 },
            [problem('extra fields not permitted', 'value_error.extra',
                'colour')]],
        ['null as a name', { ...base, name: null },
            [problem('none is not an allowed value',
                'type_error.none.not_allowed', 'name')]],
        ['the name stats', { ...base, name: 'stats' },
            [problem('this name is reserved', 'value_error.name', 'name')]],
        ['the name test', { ...base, name: 'test' },
            [problem('this name is reserved', 'value_error.name', 'name')]],
        ['a number as an option', { ...base, mirror: 1 },
            [wrongType('bool', 'mirror')]],
        ['a number among texts', { ...base, watch: ['a', 1] },
            [wrongType('str', 'watch', 1)]],
        ['an option beyond its bounds', { ...base, confidence_percent: 101 },
            [problem('ensure this value is less than or equal to 100',
                'value_error.number.not_le', 'confidence_percent')]],
        ['a verifier without a kind', { ...base, verifiers: [{}] },
            [problem('field required', 'value_error.missing', 'verifiers', 0,
                'kind')]],
        ['an unknown member of a verifier',
            { ...base, verifiers: [{ kind: 'github', key: 1 }] },
            [problem('extra fields not permitted', 'value_error.extra',
                'verifiers', 0, 'key')]],
        ['several at once, in field order',
            { poll_s: -1, provider: 7, verify: 'x', secret: 1, zebra: 1 },
            [problem('field required', 'value_error.missing', 'name'),
                wrongType('str', 'provider'), wrongType('str', 'secret'),
                problem('value is not a valid enumeration member; ' +
                    "permitted: 'enforce', 'monitor', 'off'",
                'type_error.enum', 'verify'),
                problem('ensure this value is greater than or equal to 0',
                    'value_error.number.not_ge', 'poll_s'),
                problem('extra fields not permitted', 'value_error.extra',
                    'zebra')]],
    ];
    for (const [name, body, detail] of exact)
        test(`${name} is 422 and says so`, async () => {
            const answer = await api.post(path, body);
            assert.equal(answer.status, 422, answer.text);
            assert.equal(answer.text, JSON.stringify({ detail }));
        });

    const named = [
        ['a capital in the name', { name: 'A' }, 'name'],
        ['a slash in the name', { name: 'a/b' }, 'name'],
        ['an id as the name', { name: 'src_0000000000001' }, 'name'],
        ['an unknown provider', { provider: 'nobody' }, 'provider'],
        ['a short secret', { secret: 'short' }, 'secret'],
        ['a secret that the kind cannot use',
            { provider: 'discord', secret: 'no public key' }, 'secret'],
        ['a network that is none', { allow_from: ['example.org'] },
            'allow_from'],
        ['a path that is none', { record_path: 'a..b' }, 'record_path'],
        ['a rule that is none', { dedupe: 'md5' }, 'dedupe'],
        ['a trigger that is none', { triggers: [{ name: 'done' }] }, 'triggers'],
        ['an invalidate_url that may not be called',
            { invalidate_url: 'http://10.0.0.1/' }, 'invalidate_url'],
        ['an application that is not there', { application: 'nobody' },
            'application'],
    ];
    for (const [name, more, field] of named)
        test(`${name} is 422 at ${field}`, async () => {
            const answer = await api.post(path, { ...base, ...more });
            assert.equal(answer.status, 422, answer.text);
            assert.equal(answer.json.detail.length, 1, answer.text);
            assert.equal(answer.json.detail[0].loc[1], field, answer.text);
        });

    test('broken JSON is 422, a body too large 413, another type 415',
        async () => {
            const broken = await api.post(path, '{"name": }');
            assert.equal(broken.status, 422);
            assert.deepEqual(broken.json.detail[0].loc, ['body', 9]);
            const large = await api.post(path,
                { ...base, description: 'x'.repeat(102_400) });
            assert.equal(large.status, 413);
            const text = await api.post(path, JSON.stringify(base),
                { headers: { 'Content-Type': 'text/plain' } });
            assert.equal(text.status, 415);
        });

    test('a name that is taken is 409', async () => {
        const made = await add({});
        const answer = await api.post(path,
            { name: made.name, provider: 'hmac' });
        assert.equal(answer.status, 409, answer.text);
        assert.deepEqual(answer.json,
            { detail: 'There is a source of that name already' });
    });

    test('nothing was created by any of these', async () => {
        assert.equal((await api.get(`${path}/refused`)).status, 404);
    });
});

describe('reading', () => {
    test('the name and the id mean the same', async () => {
        const made = await add({});
        const byName = await api.get(`${path}/${made.name}`);
        const byId = await api.get(`${path}/${made.id}`);
        assert.equal(byName.text, byId.text);
        const again = await api.get(`${path}/${made.id}`,
            { headers: { 'If-None-Match': byId.headers.etag } });
        assert.equal(again.status, 304);
    });

    test('the list has pages', async () => {
        const all = (await api.get(`${path}?limit=250`)).json;
        assert.deepEqual(all.slice(0, 2).map((one) => one.name),
            ['supabase', 'notion']);
        const seen = [];
        let next = `${path}?limit=2`;
        while (next) {
            const page = await api.get(next);
            assert.equal(page.status, 200, page.text);
            assert.ok(page.json.length <= 2);
            seen.push(...page.json.map((one) => one.name));
            next = links(page).next;
        }
        assert.deepEqual(seen, all.map((one) => one.name));
        assert.equal((await api.get(`${path}?cursor=evt_x`)).status, 422);
    });

    test('what is not there is 404, with every method', async () => {
        for (const answer of [await api.get(`${path}/nobody`),
            await api.patch(`${path}/nobody`, {}),
            await api.delete(`${path}/nobody`),
            await api.post(`${path}/nobody/rotate-secret`, {}),
            await api.post(`${path}/nobody/await-token`),
            await api.post(`${path}/nobody/confirm`),
            await api.get(`${path}/nobody/rejections`)]) {
            assert.equal(answer.status, 404, answer.text);
            assert.deepEqual(answer.json, { detail: 'Source not found' });
        }
        const put = await api.put(`${path}/notion`, {});
        assert.equal(put.status, 405);
        assert.equal(put.headers.allow, 'GET, HEAD, PATCH, DELETE, OPTIONS');
    });
});

describe('who may', () => {
    test('scopes: read shows, app and admin change, send does neither',
        async () => {
            const read = await apiOf('read');
            const send = await apiOf('send');
            const app = await apiOf('app');
            const anybody = client(stack.url);
            assert.equal((await read.get(path)).status, 200);
            assert.equal((await read.get(`${path}/notion`)).status, 200);
            for (const [who, status] of [[read, 403], [send, 403],
                [anybody, 401]]) {
                assert.equal((await who.post(path, {})).status, status);
                assert.equal((await who.patch(`${path}/notion`, {})).status,
                    status);
                assert.equal((await who.delete(`${path}/notion`)).status,
                    status);
                assert.equal((await who.post(`${path}/notion/confirm`))
                    .status, status);
            }
            assert.equal((await send.get(path)).status, 403);
            const made = await app.post(path,
                { name: fresh(), provider: 'hmac' });
            assert.equal(made.status, 201, made.text);
            const moved = await app.patch(`${path}/${made.json.id}`,
                { application: 'default' });
            assert.equal(moved.status, 422);
            assert.equal(moved.json.detail[0].type, 'value_error.extra');
        });

    test("another application's source is not there", async () => {
        const done = await stack.cli('application', 'add', 'neighbour');
        assert.equal(done.code, 0, done.stderr);
        const theirs = await add({ application: 'neighbour' });
        assert.notEqual(theirs.application, 'app_0000000000001');
        const app = await apiOf('app');
        for (const answer of [await app.get(`${path}/${theirs.id}`),
            await app.get(`${path}/${theirs.name}/rejections`),
            await app.patch(`${path}/${theirs.name}`, { mirror: false }),
            await app.delete(`${path}/${theirs.name}`),
            await app.post(`${path}/${theirs.name}/rotate-secret`)])
            assert.equal(answer.status, 404, answer.text);
        assert.ok(!(await app.get(`${path}?limit=250`)).json
            .some((one) => one.id === theirs.id));
        // Names are the gateway's: they stand in the URL.
        const taken = await app.post(path,
            { name: theirs.name, provider: 'hmac' });
        assert.equal(taken.status, 409);
        // It may be moved, with its secrets.
        const moved = await api.patch(`${path}/${theirs.id}`,
            { application: 'default' });
        assert.equal(moved.json.application, 'app_0000000000001');
        assert.equal(await send(theirs.name, theirs.secret), 202);
    });
});

describe('changing', () => {
    test('what is given changes, null gives it back to the provider',
        async () => {
            const made = await add({ provider: 'notion',
                secret: 'notion-secret', queue_size: 4 });
            const one = `${path}/${made.id}`;
            const changed = await api.patch(one,
                { api_rate: 10, watch: ['a'], description: 'x' });
            assert.equal(changed.status, 200, changed.text);
            assert.equal(changed.json.api_rate, 10);
            assert.equal(changed.json.queue_size, 4);
            assert.equal(changed.json.secrets, 1);
            const back = await api.patch(one,
                { api_rate: null, watch: null, description: null });
            assert.equal(back.json.api_rate, 3);
            assert.deepEqual(back.json.watch, []);
            assert.equal(back.json.description, '');
            assert.ok(back.json.updated_at > made.updated_at);
        });

    test('an empty change changes nothing', async () => {
        const made = await add({ secret: 'one-secret' });
        const answer = await api.patch(`${path}/${made.id}`, {});
        const { updated_at: _, ...rest } = answer.json;
        const { updated_at: __, ...before_ } = made;
        assert.deepEqual(rest, before_);
    });

    test('a new name is the new address', async () => {
        const made = await add({});
        const name = fresh('renamed');
        const answer = await api.patch(`${path}/${made.name}`, { name });
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.json.id, made.id);
        assert.equal(await send(name, made.secret), 202);
        const body = JSON.stringify(insert(made.name, 1));
        await eventually('the old name is gone', async () =>
            (await stack.receive(made.name, body, signed(made.secret, body)))
                .status === 404);
        const taken = await api.patch(`${path}/${made.id}`,
            { name: 'notion' });
        assert.equal(taken.status, 409);
    });

    test('verifiers of its own decide, with their own secrets', async () => {
        const made = await add({});
        const one = `${path}/${made.id}`;
        const answer = await api.patch(one, { verifiers: [
            { kind: 'hmac', header: 'X-Sig', prefix: 'v1=', digest: 'sha512',
                encoding: 'base64', signed: '{timestamp}.{body}',
                timestamp_header: 'X-Time', window: 60,
                secrets: ['first-secret', 'second-secret'] },
            { kind: 'token', header: 'X-Key', secrets: ['the-token'] }] });
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(answer.json.verifiers, [
            { kind: 'hmac', header: 'X-Sig', prefix: 'v1=',
                signed: '{timestamp}.{body}', timestamp_header: 'X-Time',
                encoding: 'base64', digest: 'sha512', window: 60, secrets: 2 },
            { kind: 'token', header: 'X-Key', secrets: 1 }]);
        assert.equal(await send(made.name, '', 1, { 'X-Key': 'the-token' }),
            202);
        assert.equal(await send(made.name, '', 2, { 'X-Key': 'no-token' }),
            401);
        assert.equal(await send(made.name, made.secret, 3), 401);
        const usual = await api.patch(one,
            { verifiers: [], secret: 'back-to-normal' });
        assert.deepEqual(usual.json.verifiers,
            [{ kind: 'preset', secrets: 1 }]);
        assert.equal(await send(made.name, 'back-to-normal', 4), 202);
    });

    test('a secret with keep_secrets joins the others', async () => {
        const made = await add({ secret: 'old-secret' });
        const both = await api.patch(`${path}/${made.id}`,
            { secret: 'new-secret', keep_secrets: true });
        assert.equal(both.json.secrets, 2);
        assert.equal(await send(made.name, 'old-secret', 1), 202);
        assert.equal(await send(made.name, 'new-secret', 2), 202);
        await api.patch(`${path}/${made.id}`, { secret: 'last-secret' });
        assert.equal(await send(made.name, 'last-secret', 3), 202);
        await eventually('the others have gone', async () =>
            await send(made.name, 'old-secret', 4) === 401);
    });

    test('rotate-secret keeps the old ones until they are dropped',
        async () => {
            const made = await add({});
            const one = `${path}/${made.id}/rotate-secret`;
            const second = await api.post(one);
            assert.equal(second.status, 200, second.text);
            assert.match(second.json.secret, new RegExp(`^${SECRET}$`));
            assert.equal(second.json.secrets, 2);
            assert.equal(await send(made.name, second.json.secret, 1), 202);
            assert.equal(await send(made.name, made.secret, 2), 202);
            const third = await api.post(one,
                { secret: 'given-secret', drop_others: true });
            assert.equal(third.json.secret, undefined);
            assert.equal(third.json.secrets, 1);
            const none = await api.post(`${path}/${(await add(
                { provider: 'stripe' })).id}/rotate-secret`);
            assert.equal(none.status, 422);
            assert.equal(none.json.detail[0].loc[1], 'secret');
        });
});

describe('the token of Notion', () => {
    const token = 'secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl';
    const offer = (name, text) => stack.receive(name,
        JSON.stringify({ verification_token: text }), {});

    test('is kept while it is awaited, confirmed by an operator, and then ' +
        'verifies', async () => {
        const made = await add({ provider: 'notion' });
        const one = `${path}/${made.id}`;
        const early = await api.post(`${one}/confirm`);
        assert.equal(early.status, 409, early.text);
        assert.equal((await offer(made.name, token)).status, 200);
        const captured = await eventually('it is captured', async () => {
            const now = (await api.get(one)).json;
            return now.handshake === 'captured' && now;
        });
        assert.equal(captured.secrets, 0);
        const confirmed = await api.post(`${one}/confirm`);
        assert.equal(confirmed.status, 200, confirmed.text);
        assert.equal(confirmed.json.secret, token);
        assert.equal(confirmed.json.handshake, 'none');
        assert.ok(!(await api.get(one)).text.includes(token));
        const body = JSON.stringify(insert(made.name, 1));
        const event = await stack.receive(made.name, body,
            { 'X-Notion-Signature': `sha256=${hexSignature(token, body)}` });
        assert.equal(event.status, 202, event.text);
    });

    test('never replaces what is in use, nor the one before it', async () => {
        const made = await add({ provider: 'notion', secret: 'live-secret' });
        const one = `${path}/${made.id}`;
        assert.equal(made.handshake, 'none');
        await offer(made.name, 'secret_of_a_stranger');
        assert.equal((await api.get(one)).json.handshake, 'none');
        const awaiting = await api.post(`${one}/await-token`);
        assert.equal(awaiting.json.handshake, 'awaiting');
        assert.equal(await send(made.name, 'live-secret'), 202);
        assert.equal((await offer(made.name, token)).status, 200);
        await eventually('it is captured', async () =>
            (await api.get(one)).json.handshake === 'captured');
        await offer(made.name, 'secret_of_a_stranger');
        const confirmed = await api.post(`${one}/confirm`,
            { keep_secrets: true });
        assert.equal(confirmed.json.secret, token);
        assert.equal(confirmed.json.secrets, 2);
        assert.equal(await send(made.name, 'live-secret', 2), 202);
    });

    test('is nothing to await of a provider that sends none', async () => {
        const made = await add({});
        const answer = await api.post(`${path}/${made.id}/await-token`);
        assert.equal(answer.status, 409, answer.text);
    });
});

describe('invalidate_url', () => {
    test('is a subscription that comes and goes with it', async () => {
        const made = await add(
            { invalidate_url: 'https://cache.example.com/a' });
        const hook = await api.get(
            `/api/webhooks/${made.invalidate_webhook}`);
        assert.equal(hook.status, 200, hook.text);
        assert.equal(hook.json.url, 'https://cache.example.com/a');
        assert.deepEqual(hook.json.events, ['cache.invalidated']);
        assert.deepEqual(hook.json.channels, [`source:${made.name}`]);
        const changed = await api.patch(`${path}/${made.id}`,
            { invalidate_url: 'https://cache.example.com/b' });
        assert.equal(changed.json.invalidate_webhook,
            made.invalidate_webhook);
        const none = await api.patch(`${path}/${made.id}`,
            { invalidate_url: null });
        assert.equal(none.json.invalidate_webhook, null);
        assert.equal((await api.get(
            `/api/webhooks/${made.invalidate_webhook}`)).status, 404);
    });
});

describe('removing', () => {
    test('its receiver is gone, its name is free, its history stays',
        async () => {
            const made = await add({ secret: 'short-lived' });
            assert.equal(await send(made.name, 'short-lived'), 202);
            await eventually('it is processed', async () =>
                await stack.sql.count('SELECT COUNT(*) FROM deliveries d ' +
                    'JOIN sources s ON s.id = d.owner_id WHERE d.kind = 2 ' +
                    'AND s.name = ?', [made.name]) === 1);
            const answer = await api.delete(`${path}/${made.name}`);
            assert.equal(answer.status, 204, answer.text);
            assert.equal((await api.get(`${path}/${made.id}`)).status, 404);
            await eventually('the receiver is gone', async () =>
                await send(made.name, 'short-lived', 2) === 404);
            const again = await api.post(path,
                { name: made.name, provider: 'hmac', secret: 'other-secret' });
            assert.equal(again.status, 201, again.text);
            assert.notEqual(again.json.id, made.id);
            assert.equal(await send(made.name, 'other-secret', 3), 202);
            assert.equal(await stack.sql.count('SELECT COUNT(*) FROM ' +
                'deliveries d JOIN sources s ON s.id = d.owner_id ' +
                'WHERE d.kind = 2 AND s.name = ? AND s.deleted_at IS NOT NULL',
            [made.name]), 1);
        });
});

describe('rejections', () => {
    test('are listed newest first, by reason and by status', async () => {
        const made = await add({ secret: 'right-secret' });
        const list = (query = '') =>
            api.get(`${path}/${made.name}/rejections${query}`);
        assert.deepEqual((await list()).json, []);
        assert.equal(await send(made.name, 'wrong-secret', 1), 401);
        assert.equal(await send(made.name, '', 2, {}), 401);
        const all = await eventually('both are written', async () => {
            const now = (await list()).json;
            return now.length === 2 && now;
        });
        for (const one of all) {
            assert.match(one.id, new RegExp(`^${ID('rej')}$`));
            assert.equal(one.status, 401);
            assert.equal(one.remote_address, '127.0.0.1');
        }
        assert.notEqual(all[0].reason, all[1].reason);
        const byReason = await list(`?reason=${all[1].reason}`);
        assert.deepEqual(byReason.json, [all[1]]);
        assert.deepEqual((await list('?status=422')).json, []);
        assert.equal((await list('?status=abc')).status, 422);
        const first = await list('?limit=1');
        assert.deepEqual(first.json, [all[0]]);
        const second = await api.get(links(first).next);
        assert.deepEqual(second.json, [all[1]]);
    });
});

describe('the command line', () => {
    const cli = async (code, ...args) => {
        const done = await stack.cli(...args);
        assert.equal(done.code, code,
            `postern ${args.join(' ')}: ${done.stdout}${done.stderr}`);
        return done;
    };
    const json = async (...args) => (await cli(0, '--json', ...args)).stdout
        .trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));

    test('add, set, show, list and rm do what the API does', async () => {
        const name = fresh('cli');
        const [made] = await json('source', 'add', name, '--provider',
            'hmac', 'watch=users, orders', 'mirror=no', 'queue_size=7');
        assert.match(made.secret, /^whsec_/);
        assert.deepEqual(made.watch, ['users', 'orders']);
        assert.equal(made.mirror, false);
        await eventually('it is known', async () =>
            await send(name, made.secret) === 202);
        const [set] = await json('source', 'set', name, 'queue_size=',
            '--verifiers', '[{"kind":"token","secrets":["token-secret"]}]',
            '--api-key', 'k', '--relay', 'received');
        assert.equal(set.queue_size, 0);
        assert.equal(set.verifiers[0].kind, 'token');
        assert.equal(set.has_api_key, true);
        assert.deepEqual(await json('source', 'show', name), [set]);
        const { path: address, ...rest } = set;
        assert.equal(address, `/api/v1/webhooks/${name}`);
        assert.deepEqual((await api.get(`${path}/${name}`)).json, rest);
        assert.ok((await json('source', 'list'))
            .some((one) => one.id === set.id));
        const people = await cli(0, 'source', 'show', name);
        assert.match(people.stdout, /^relay +received$/m);
        const tables = Array.from({ length: 100 }, (_, i) =>
            `a_table_that_has_a_rather_long_name_of_its_own_${i}`);
        await cli(0, 'source', 'set', name, `watch=${tables}`);
        assert.ok((await cli(0, 'source', 'show', name)).stdout
            .includes(`"${tables.at(-1)}"]`));
        await cli(0, 'source', 'rm', name);
        await cli(66, 'source', 'show', name);
    });

    test('add and show say what to enter at the provider', async () => {
        const name = fresh('cli');
        const at = `/api/v1/webhooks/${name}`;
        const made = await cli(0, 'source', 'add', name, '--provider', 'hmac');
        const line = new RegExp(`^address +${at} .in front of it https://`,
            'm');
        assert.match(made.stdout, line);
        assert.match((await cli(0, 'source', 'show', name)).stdout, line);
        const [shown] = await json('source', 'show', name);
        assert.equal(shown.path, at);
        assert.equal('url' in shown, false);
        const below = await json('--set', 'base_path=/hooks', 'source',
            'show', name);
        assert.equal(below[0].path, `/hooks${at}`);

        const url = 'https://hooks.example.org/hooks' + at;
        await cli(0, 'source', 'set', name, `public_url=${url}`);
        assert.match((await cli(0, 'source', 'show', name)).stdout,
            new RegExp(`^address +${url}$`, 'm'));
        const [known] = await json('source', 'show', name);
        assert.equal(known.url, url);
        assert.equal(known.path, at);
        const [one] = (await json('source', 'list'))
            .filter((item) => item.name === name);
        assert.deepEqual(one, known);
        const again = fresh('cli');
        const [added] = await json('source', 'add', again, '--provider',
            'hmac', `public_url=${url}`);
        assert.equal(added.url, url);
        // It is what a sender really has to use.
        const body = JSON.stringify(insert(again, 1));
        await eventually('it is known', async () => (await request(stack.url,
            'POST', added.path, { body,
                headers: signed(added.secret, body) })).status === 202);
    });

    test('a wrong command line is 64, wrong data 65, nothing there 66',
        async () => {
            for (const args of [['add'], ['add', fresh()], ['add', fresh(),
                'nonsense=1', '--provider', 'hmac'],
            ['set', 'notion', 'mirror=perhaps'],
            ['set'], ['rm'], ['confirm'], ['await'], ['rotate'],
            ['rejections'], ['rejections', 'notion', '--status', 'x'],
            ['set', 'notion', '--nonsense']])
                await cli(64, 'source', ...args);
            for (const args of [['add', 'Capital', '--provider', 'hmac'],
            ['add', 'notion', '--provider', 'notion'],
            ['set', 'notion', 'rate_limit=-1'],
            ['await', 'supabase'],
            ['set', 'notion', '--verifiers', '[{}]'],
            ['set', 'notion', '--verifiers', '[']])
                await cli(65, 'source', ...args);
            for (const verb of ['rm', 'confirm', 'await', 'rotate',
                'rejections'])
                await cli(66, 'source', verb, 'nobody');
            await cli(66, 'source', 'set', 'nobody', 'rate_limit=1');
            await cli(64, 'source', 'set', 'notion');
            await cli(65, 'source', 'confirm', 'supabase');
            await cli(75, 'source', 'confirm', 'notion');
        });

    test('a secret that rotate makes is shown with the word that it is so once',
        async () => {
            const name = fresh('cli');
            await cli(0, 'source', 'add', name, '--provider', 'hmac');
            const given = await cli(0, 'source', 'rotate', name, '--secret',
                'given-secret');
            assert.doesNotMatch(given.stdout + given.stderr,
                /given-secret|not shown again/);
            const made = await cli(0, 'source', 'rotate', name);
            assert.match(made.stdout, /secret +whsec_/);
            assert.match(made.stderr, /not shown again/);
        });

    test('await and confirm keep a token, rejections shows what was refused',
        async () => {
            const name = fresh('cli');
            await cli(0, 'source', 'add', name, '--provider', 'notion',
                '--secret', 'live-secret');
            const [awaiting] = await json('source', 'await', name);
            assert.equal(awaiting.handshake, 'awaiting');
            await eventually('it is known', async () => (await stack.receive(
                name, '{"verification_token":"secret_from_notion"}', {}))
                .status === 200);
            await eventually('it is captured', async () =>
                (await json('source', 'show', name))[0].handshake ===
                    'captured');
            const [confirmed] = await json('source', 'confirm', name,
                '--keep-others');
            assert.equal(confirmed.secret, 'secret_from_notion');
            assert.equal(confirmed.secrets, 2);
            const [rotated] = await json('source', 'rotate', name, '--secret',
                'rotated-secret', '--drop-others');
            assert.equal(rotated.secrets, 1);
            await send(name, 'wrong-secret');
            const [refused] = await eventually('it is noted', async () => {
                const rows = await json('source', 'rejections', name,
                    '--status', '401');
                return rows.length > 0 && rows;
            });
            assert.equal(refused.status, 401);
        });
});

describe('the documentation', () => {
    test('lists every option with its help, and no other', async () => {
        const page = readFileSync(join(root, 'docs/reference/sources.md'),
            'utf8');
        const done = await stack.cli('--json', 'source', 'options');
        const options = done.stdout.trim().split('\n')
            .map((line) => JSON.parse(line));
        const section = page.slice(page.indexOf('## Options'),
            page.indexOf('## Verifiers'));
        const rows = [...section.matchAll(/^\| `([a-z_]+)` \| (.*) \|$/gm)]
            .map(([, name, rest]) => `${name} | ${rest}`);
        assert.deepEqual(rows, options.map(({ name, kind, help }) =>
            `${name} | ${kind} | ${help.replaceAll('|', '\\|')}`));
        const shown = (await api.get(`${path}/notion`)).json;
        for (const { name } of options)
            assert.ok(name in shown, name);
    });
});
