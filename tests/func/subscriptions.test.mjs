// subscriptions.test.mjs - managing subscriptions through the API: exact
// bodies, refusals, changes, paging, event types and statistics.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeToken, subscribe, trigger } from './lib/gateway.mjs';
import { assertGolden, NUMBER, SECRET, TIME } from './lib/golden.mjs';
import { links, request } from './lib/http.mjs';
import { idText } from './lib/ids.mjs';
import { Stack } from './lib/stack.mjs';

let stack;
let api;
before(async () => {
    stack = await Stack.start();
    api = stack.api();
});
after(() => stack?.stop());

const url = 'https://example.com/webhook';
const path = '/api/webhooks';

function assertDetail(answer, status, golden) {
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.headers['content-type'], /^application\/json\b/);
    assert.match(answer.headers['x-request-id'], /^req_[0-9a-z]+$/);
    assertGolden(answer.body, golden);
}

describe('creating', () => {
    test('a URL and events are enough; the answer shows a made secret',
        async () => {
            const answer = await api.post(path,
                { url, events: ['email.received', 'task.completed'] });
            assert.equal(answer.status, 201, answer.text);
            const seen = assertGolden(answer.body, 'subscription_created',
                { id: NUMBER, secret: SECRET, time: TIME });
            assert.equal(Buffer.from(seen.secret.slice(6), 'base64').length,
                32);
        });

    test('the documented body of the quick start is taken', async () => {
        const answer = await api.post(path, {
            url: 'https://example.com/webhook',
            event_types: ['email.received', 'task.completed'],
            description: 'My webhook',
            retry_count: 3,
            timeout_seconds: 10,
        });
        assert.equal(answer.status, 201, answer.text);
        const made = answer.json;
        assert.deepEqual(made.events, ['email.received', 'task.completed']);
        assert.deepEqual(made.event_types, made.events);
        assert.equal(made.timeout, 10);
        assert.equal(made.timeout_seconds, 10);
        assert.equal(made.description, 'My webhook');
    });

    test('every field is kept and given back', async () => {
        const answer = await api.post(path, {
            url: 'https://example.com:8443/hook?a=1',
            events: ['order.*', 'data.created'],
            secret: 'your-secret-key',
            description: 'Bestellungen für Zoë 😀',
            active: false,
            retry_count: 5,
            retry_delay: 7,
            timeout: 30,
            headers: { 'X-API-Key': 'the key', 'X-Tenant': '7' },
            metadata: { team: 'blue', n: 12345678901234567890n.toString() },
            format: 'standard',
            channels: ['eu', 'us'],
            max_concurrency: 3,
            rate_limit: 50,
            ordering: 'fifo',
            on_exhausted: 'pause',
            retry_schedule: [5, 60, 3600],
            ttl_seconds: 86400,
        });
        assert.equal(answer.status, 201, answer.text);
        assertGolden(answer.body, 'subscription_created_full',
            { id: NUMBER, time: TIME });
    });

    test('metadata keeps the digits of its numbers', async () => {
        const answer = await api.post(path, `{"url":"${url}",` +
            '"events":["a"],"metadata":{"n":123456789012345678901234567890}}');
        assert.equal(answer.status, 201, answer.text);
        assert.ok(answer.text.includes(
            '"metadata":{"n":123456789012345678901234567890}'), answer.text);
    });

    test('both names of a field are taken when they agree', async () => {
        const answer = await api.post(path, { url, events: ['a'],
            event_types: ['a'], timeout: 9, timeout_seconds: 9 });
        assert.equal(answer.status, 201, answer.text);
        assert.equal(answer.json.timeout, 9);
    });

    test('both names of a field with different values are 422', async () => {
        for (const more of [{ event_types: ['b'] },
            { timeout: 9, timeout_seconds: 10 }]) {
            const answer = await api.post(path,
                { url, events: ['a'], ...more });
            assert.equal(answer.status, 422, answer.text);
            assert.equal(answer.json.detail.length, 1, answer.text);
        }
    });

    test('a secret is shown at creation and never again', async () => {
        for (const secret of [undefined, 'my own secret']) {
            const made = await subscribe(stack, url, ['secret.once'],
                { secret });
            assert.ok(made.secret);
            if (secret)
                assert.equal(made.secret, secret);
            for (const p of [path, `${path}/${made.id}`]) {
                const answer = await api.get(p);
                assert.equal(answer.status, 200, answer.text);
                assert.ok(!answer.text.includes(made.secret), p);
            }
            const patched = await api.patch(`${path}/${made.id}`,
                { description: 'x' });
            assert.equal(patched.status, 200, patched.text);
            assert.ok(!patched.text.includes(made.secret));
        }
    });

    test('values of headers are masked when shown', async () => {
        const made = await subscribe(stack, url, ['masked'],
            { headers: { 'X-API-Key': 'very-secret-value' } });
        const shown = await api.get(`${path}/${made.id}`);
        assert.ok(!shown.text.includes('very-secret-value'), shown.text);
        assert.deepEqual(Object.keys(shown.json.headers), ['X-API-Key']);
    });

    test('the database holds no secret in clear', async () => {
        const made = await subscribe(stack, url, ['sealed'],
            { secret: 'in-clear-nowhere', headers: { 'X-K': 'hidden-value' } });
        const row = await stack.sql.one(
            'SELECT * FROM subscriptions WHERE id = ?', [made.id]);
        for (const value of Object.values(row)) {
            const text = Buffer.isBuffer(value)
                ? value.toString('latin1') : String(value);
            assert.ok(!text.includes('in-clear-nowhere'));
            assert.ok(!text.includes('hidden-value'));
        }
    });
});

describe('refusing to create', () => {
    const extra = (name) => ({ loc: ['body', name],
        msg: 'extra fields not permitted', type: 'value_error.extra' });
    const missing = (name) => ({ loc: ['body', name],
        msg: 'field required', type: 'value_error.missing' });
    const wrongType = (want, ...loc) => ({ loc: ['body', ...loc],
        msg: `${want} type expected`, type: `type_error.${want}` });
    const tooSmall = (name, limit) => ({ loc: ['body', name],
        msg: `ensure this value is greater than or equal to ${limit}`,
        type: 'value_error.number.not_ge' });
    const tooLarge = (name, limit) => ({ loc: ['body', name],
        msg: `ensure this value is less than or equal to ${limit}`,
        type: 'value_error.number.not_le' });
    const base = { url, events: ['a'] };

    // [what, body, the exact detail]
    const exact = [
        ['an unknown field', { ...base, colour: 'red' }, [extra('colour')]],
        ['no url', { events: ['a'] }, [missing('url')]],
        ['no events', { url }, [missing('events')]],
        ['an empty object', {}, [missing('url'), missing('events')]],
        ['null as url', { ...base, url: null }, [{ loc: ['body', 'url'],
            msg: 'none is not an allowed value',
            type: 'type_error.none.not_allowed' }]],
        ['a number as url', { ...base, url: 1 }, [wrongType('str', 'url')]],
        ['a string as events', { ...base, events: 'a' },
            [wrongType('list', 'events')]],
        ['a number among the events', { ...base, events: ['a', 1] },
            [wrongType('str', 'events', 1)]],
        ['no event in the list', { ...base, events: [] }, [{
            loc: ['body', 'events'],
            msg: 'ensure this value has at least 1 items',
            type: 'value_error.list.min_items' }]],
        ['a timeout of 0', { ...base, timeout: 0 }, [tooSmall('timeout', 1)]],
        ['a timeout of 61', { ...base, timeout: 61 },
            [tooLarge('timeout', 60)]],
        ['a timeout by its other name', { ...base, timeout_seconds: 61 },
            [tooLarge('timeout_seconds', 60)]],
        ['a timeout of 1.5', { ...base, timeout: 1.5 },
            [wrongType('int', 'timeout')]],
        ['a timeout in quotes', { ...base, timeout: '10' },
            [wrongType('int', 'timeout')]],
        ['a retry_count of -1', { ...base, retry_count: -1 },
            [tooSmall('retry_count', 0)]],
        ['a retry_count of 11', { ...base, retry_count: 11 },
            [tooLarge('retry_count', 10)]],
        ['a number as active', { ...base, active: 1 },
            [wrongType('bool', 'active')]],
        ['a list as headers', { ...base, headers: [] },
            [wrongType('dict', 'headers')]],
        ['a number as header value', { ...base, headers: { 'X-A': 1 } },
            [wrongType('str', 'headers', 'X-A')]],
        ['a string as metadata', { ...base, metadata: 'x' },
            [wrongType('dict', 'metadata')]],
        ['several at once, in field order',
            { timeout: 99, retry_count: 99, zebra: 1, secret: 5, url: 7 },
            [wrongType('str', 'url'), missing('events'),
                wrongType('str', 'secret'), tooLarge('retry_count', 10),
                tooLarge('timeout', 60), extra('zebra')]],
    ];
    for (const [name, body, detail] of exact) {
        test(`${name} is 422 and says so`, async () => {
            const answer = await api.post(path, body);
            assert.equal(answer.status, 422, answer.text);
            assert.equal(answer.text, JSON.stringify({ detail }));
        });
    }

    // [what, body, the field that is named]
    const named = [
        ['a URL without a scheme', { url: 'example.com' }, 'url'],
        ['an ftp URL', { url: 'ftp://example.com/' }, 'url'],
        ['a URL of 2,049 bytes',
            { url: 'https://example.com/' + 'x'.repeat(2029) }, 'url'],
        ['a private address', { url: 'http://10.0.0.1/' }, 'url'],
        ['a metadata address', { url: 'http://169.254.169.254/' }, 'url'],
        ['an address in hex', { url: 'http://0x7f.1/' }, 'url'],
        ['an address as one number', { url: 'http://2130706433/' }, 'url'],
        ['a user in the URL', { url: 'https://a:b@example.com/' }, 'url'],
        ['an empty event type', { events: [''] }, 'events'],
        ['an empty part of an event type', { events: ['a..b'] }, 'events'],
        ['a star in the middle', { events: ['a.*.b'] }, 'events'],
        ['a star within a word', { events: ['ab*'] }, 'events'],
        ['white space in an event type', { events: ['a b'] }, 'events'],
        ['an event type of 256 bytes', { events: ['x'.repeat(256)] },
            'events'],
        ['an empty secret', { secret: '' }, 'secret'],
        ['a line break in a header value',
            { headers: { 'X-A': 'b\r\nX-C: d' } }, 'headers'],
        ['a header name that is none', { headers: { 'X A': 'b' } },
            'headers'],
        ['an empty header name', { headers: { '': 'b' } }, 'headers'],
        ['a header that the gateway sets',
            { headers: { 'X-Webhook-Signature': 'b' } }, 'headers'],
        ['a header that HTTP sets', { headers: { 'content-length': '5' } },
            'headers'],
        ['an unknown format', { format: 'xml' }, 'format'],
        ['a negative wait in a schedule', { retry_schedule: [5, -1] },
            'retry_schedule'],
    ];
    for (const [name, more, field] of named) {
        test(`${name} is 422 at ${field}`, async () => {
            const answer = await api.post(path, { ...base, ...more });
            assert.equal(answer.status, 422, answer.text);
            assert.equal(answer.json.detail.length, 1, answer.text);
            assert.equal(answer.json.detail[0].loc[1], field, answer.text);
        });
    }

    test('broken JSON is 422 with its offset', async () => {
        const answer = await api.post(path, '{"url": }');
        assert.equal(answer.status, 422, answer.text);
        assert.deepEqual(answer.json.detail[0].loc, ['body', 8]);
        assert.equal(answer.json.detail[0].type, 'value_error.jsondecode');
    });

    test('a body that is too large is 413', async () => {
        const answer = await api.post(path, { ...base,
            description: 'x'.repeat(102_400) });
        assertDetail(answer, 413, 'api_payload_too_large');
    });

    test('a body that is not announced as JSON is 415', async () => {
        const answer = await api.post(path, JSON.stringify(base),
            { headers: { 'Content-Type': 'text/plain' } });
        assertDetail(answer, 415, 'api_unsupported_media_type');
    });

    test('a form sent from a web page without a token gets nowhere',
        async () => {
            const answer = await request(stack.url, 'POST', path, {
                body: 'url=https%3A%2F%2Fexample.com', headers: {
                    'Content-Type': 'application/x-www-form-urlencoded',
                    Origin: 'https://evil.example' } });
            assertDetail(answer, 401, 'api_unauthorized_missing');
            assert.equal(answer.headers['access-control-allow-origin'],
                undefined);
        });

    test('the same field twice is refused', async () => {
        const answer = await api.post(path,
            `{"url":"${url}","events":["a"],"url":"${url}"}`);
        assert.equal(answer.status, 422, answer.text);
        assert.equal(answer.json.detail[0].type, 'value_error.jsondecode');
    });

    test('nothing was created by any of these', async () => {
        const n = await stack.sql.count('SELECT COUNT(*) FROM subscriptions ' +
            "WHERE url NOT LIKE 'https://example.com%'");
        assert.equal(n, 0);
    });

    test('problem+json lists the same problems with pointers', async () => {
        const answer = await api.post(path, { events: ['a'] },
            { headers: { Accept: 'application/problem+json' } });
        assert.equal(answer.status, 422);
        assert.match(answer.headers['content-type'],
            /^application\/problem\+json\b/);
        assert.deepEqual(answer.json.errors[0].loc, ['body', 'url']);
        assert.equal(answer.json.errors[0].pointer, '#/url');
    });
});

describe('reading', () => {
    test('one is shown without its secret', async () => {
        const made = await subscribe(stack, url, ['shown']);
        const answer = await api.get(`${path}/${made.id}`);
        assert.equal(answer.status, 200, answer.text);
        const seen = assertGolden(answer.body, 'subscription',
            { id: NUMBER, time: TIME });
        assert.equal(Number(seen.id), made.id);
    });

    test('its other name ep_… means the same', async () => {
        const made = await subscribe(stack, url, ['named']);
        const byNumber = await api.get(`${path}/${made.id}`);
        const byName = await api.get(`${path}/${idText('ep', made.id)}`);
        assert.equal(byName.status, 200, byName.text);
        assert.equal(byName.text, byNumber.text);
    });

    test('a trailing slash means the same, HEAD has no body', async () => {
        const made = await subscribe(stack, url, ['slash']);
        const plain = await api.get(`${path}/${made.id}`);
        assert.equal((await api.get(`${path}/${made.id}/`)).text, plain.text);
        const head = await api.head(`${path}/${made.id}`);
        assert.equal(head.status, 200);
        assert.equal(head.body.length, 0);
    });

    test('who has it already gets 304 until it changes', async () => {
        const made = await subscribe(stack, url, ['etag']);
        const where = `${path}/${made.id}`;
        const first = await api.get(where);
        const { etag } = first.headers;
        assert.match(etag, /^"[^"]+"$/);
        const ask = (tag) => api.get(where,
            { headers: { 'If-None-Match': tag } });
        for (const tag of [etag, `"other", ${etag}`, '*', `W/${etag}`]) {
            const again = await ask(tag);
            assert.equal(again.status, 304, tag);
            assert.equal(again.body.length, 0);
        }
        assert.equal((await ask('"other"')).status, 200);
        await api.patch(where, { description: 'changed' });
        const changed = await ask(etag);
        assert.equal(changed.status, 200);
        assert.notEqual(changed.headers.etag, etag);
    });

    test('what does not exist is 404', async () => {
        for (const id of ['999999', '0', '-1', 'abc', '99999999999999999999',
            'ep_0000000000zzz', 'ep_x', 'evt_0000000000001', '1.0', '01x']) {
            for (const [method, body] of [['GET'], ['PATCH', {}],
                ['DELETE']]) {
                const answer = await request(stack.url, method,
                    `${path}/${id}`, { token: stack.token, body });
                assertDetail(answer, 404, 'api_subscription_not_found');
            }
        }
    });

    test('a wrong method is 405 and names the right ones', async () => {
        const onList = await api.put(path, {});
        assertDetail(onList, 405, 'api_method_not_allowed');
        assert.deepEqual(onList.headers.allow.split(', ').sort(),
            ['GET', 'HEAD', 'OPTIONS', 'POST']);
        const onOne = await api.post(`${path}/1`, {});
        assertDetail(onOne, 405, 'api_method_not_allowed');
        assert.deepEqual(onOne.headers.allow.split(', ').sort(),
            ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH']);
    });
});

describe('changing', () => {
    test('PATCH changes what is given and nothing else', async () => {
        const made = await subscribe(stack, url, ['before'],
            { description: 'first', retry_count: 5 });
        const answer = await api.patch(`${path}/${made.id}`, {
            url: 'https://example.com/other', event_types: ['after.*'],
            timeout_seconds: 20, active: false });
        assert.equal(answer.status, 200, answer.text);
        const now = answer.json;
        assert.equal(now.url, 'https://example.com/other');
        assert.deepEqual(now.events, ['after.*']);
        assert.equal(now.timeout, 20);
        assert.equal(now.active, false);
        assert.equal(now.description, 'first');
        assert.equal(now.retry_count, 5);
        assert.equal(now.created_at, made.created_at);
        assert.ok(now.updated_at >= made.updated_at);
        assert.deepEqual((await api.get(`${path}/${made.id}`)).json, now);
    });

    test('an empty PATCH changes nothing', async () => {
        const made = await subscribe(stack, url, ['same']);
        const before_ = (await api.get(`${path}/${made.id}`)).json;
        const answer = await api.patch(`${path}/${made.id}`, {});
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual({ ...answer.json, updated_at: 0 },
            { ...before_, updated_at: 0 });
    });

    test('PATCH refuses what POST refuses and changes nothing', async () => {
        const made = await subscribe(stack, url, ['keep']);
        const before_ = (await api.get(`${path}/${made.id}`)).text;
        for (const [body, field] of [[{ colour: 1 }, 'colour'],
            [{ timeout: 99, description: 'no' }, 'timeout'],
            [{ events: [] }, 'events'], [{ url: 'http://10.0.0.1/' }, 'url'],
            [{ url: null }, 'url'], [{ id: 5 }, 'id']]) {
            const answer = await api.patch(`${path}/${made.id}`, body);
            assert.equal(answer.status, 422, answer.text);
            assert.equal(answer.json.detail[0].loc[1], field);
        }
        assert.equal((await api.get(`${path}/${made.id}`)).text, before_);
    });

    test('what is inactive gets no events, what is active again does',
        async () => {
            const made = await subscribe(stack, url, ['switch.it'],
                { active: false });
            assert.equal((await trigger(stack, 'switch.it', {})).matched, 0);
            await api.patch(`${path}/${made.id}`, { active: true });
            assert.equal((await trigger(stack, 'switch.it', {})).matched, 1);
            await api.patch(`${path}/${made.id}`,
                { active: false, events: ['nothing'] });
            assert.equal((await trigger(stack, 'switch.it', {})).matched, 0);
        });
});

describe('deleting', () => {
    test('DELETE is 204 without a body, then it is gone', async () => {
        const made = await subscribe(stack, url, ['gone']);
        const answer = await api.delete(`${path}/${made.id}`);
        assert.equal(answer.status, 204, answer.text);
        assert.equal(answer.body.length, 0);
        assert.equal((await api.get(`${path}/${made.id}`)).status, 404);
        assert.equal((await api.delete(`${path}/${made.id}`)).status, 404);
        const { json } = await api.get(`${path}?limit=250`);
        assert.ok(!json.some((item) => item.id === made.id));
        assert.equal((await trigger(stack, 'gone', {})).matched, 0);
    });

    test('its number is not used again', async () => {
        const made = await subscribe(stack, url, ['number']);
        await api.delete(`${path}/${made.id}`);
        const next = await subscribe(stack, url, ['number']);
        assert.ok(next.id > made.id);
        await api.delete(`${path}/${next.id}`);
    });
});

describe('listing', () => {
    test('the list is a bare array with links to the next page', async () => {
        const { token } = await makeToken(stack, 'app', 'listing');
        const made = [];
        for (let i = 0; i < 5; i++)
            made.push((await subscribe(stack, url, [`list.${i}`], {}, token))
                .id);
        const seen = [];
        let next = `${path}?limit=2`;
        let pages = 0;
        while (next) {
            const answer = await stack.api(token).get(next);
            assert.equal(answer.status, 200, answer.text);
            assert.ok(Array.isArray(answer.json));
            assert.ok(answer.json.length <= 2);
            seen.push(...answer.json.map((item) => item.id));
            const link = links(answer).next;
            next = link && new URL(link, stack.url).pathname +
                new URL(link, stack.url).search;
            pages += 1;
            assert.ok(pages <= 5, 'pages end');
        }
        assert.deepEqual([...seen].sort((a, b) => a - b), made);
        assert.equal(new Set(seen).size, 5);
        assert.equal(pages, 3);
    });

    test('an item of the list is what GET of it shows', async () => {
        const { token } = await makeToken(stack, 'app', 'list-item');
        const made = await subscribe(stack, url, ['item'], {}, token);
        const list = await stack.api(token).get(path);
        const one = await stack.api(token).get(`${path}/${made.id}`);
        assert.equal(list.text, `[${one.text}]`);
    });

    test('an empty list is []', async () => {
        const { token } = await makeToken(stack, 'app', 'empty-list');
        const answer = await stack.api(token).get(path);
        assert.equal(answer.status, 200);
        assert.equal(answer.text, '[]');
    });

    test('a limit that is too large is a golden 422', async () => {
        const answer = await api.get(`${path}?limit=251`);
        assertDetail(answer, 422, 'api_bad_query');
    });

    test('a limit or cursor of nonsense is 422', async () => {
        for (const query of ['limit=0', 'limit=251', 'limit=x', 'limit=-1',
            'cursor=%ff', 'cursor=nonsense']) {
            const answer = await api.get(`${path}?${query}`);
            assert.equal(answer.status, 422, `${query}: ${answer.text}`);
        }
    });
});

describe('event types', () => {
    const documented = ['email.received', 'email.sent', 'email.indexed',
        'calendar.event.created', 'calendar.event.updated',
        'calendar.event.deleted', 'task.created', 'task.updated',
        'task.completed', 'task.deleted', 'indexing.started',
        'indexing.completed', 'indexing.failed', 'user.created',
        'user.settings.updated', 'export.completed', 'sync.completed',
        'system.startup', 'system.shutdown', 'system.error', 'data.created',
        'data.updated', 'data.deleted', 'process.started',
        'process.completed', 'process.failed', 'health.check',
        'alert.triggered', 'metric.threshold', 'endpoint.failing',
        'endpoint.recovered', 'endpoint.disabled', 'message.exhausted',
        'cache.invalidated', 'source.api_refused', 'github.push'];

    test('the documented types exist from the start, with descriptions',
        async () => {
            const answer = await api.get(`${path}/event-types`);
            assert.equal(answer.status, 200, answer.text);
            assertGolden(answer.body, 'event_types');
            for (const name of documented)
                assert.ok(answer.text.includes(`"${name}"`), name);
            assert.ok(answer.text.includes('Email received and indexed'));
        });

    test('both paths tell the same', async () => {
        const one = await api.get(`${path}/event-types`);
        const other = await api.get('/api/events');
        assert.equal(other.status, 200, other.text);
        assert.equal(other.text, one.text);
    });

    test('any other string is taken as well', async () => {
        await subscribe(stack, url, ['my.very.own']);
        assert.equal((await trigger(stack, 'my.very.own', {})).matched, 1);
    });
});

describe('statistics', () => {
    test('of a new subscription they are zero', async () => {
        const made = await subscribe(stack, url, ['never.sent']);
        const answer = await api.get(`${path}/${made.id}/stats`);
        assert.equal(answer.status, 200, answer.text);
        assertGolden(answer.body, 'subscription_stats_empty');
    });

    test('of the system they have the documented keys', async () => {
        const answer = await api.get('/api/stats');
        assert.equal(answer.status, 200, answer.text);
        const seen = assertGolden(answer.body, 'api_stats', {
            active: NUMBER, total: NUMBER, deliveries: NUMBER,
            successful: NUMBER, failed: NUMBER,
            ms: '\\d+(?:\\.\\d{1,3})?', pending: NUMBER, retrying: NUMBER });
        const { sql } = stack;
        assert.equal(Number(seen.total), await sql.count('SELECT COUNT(*) ' +
            'FROM subscriptions WHERE deleted_at IS NULL'));
        assert.equal(Number(seen.active), await sql.count('SELECT COUNT(*) ' +
            'FROM subscriptions WHERE deleted_at IS NULL AND active = 1'));
    });
});
