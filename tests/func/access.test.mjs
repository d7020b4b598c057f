// access.test.mjs - who may do what: tokens, scopes and applications; and POSTs
// that are repeated with an Idempotency-Key.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeToken, subscribe, trigger } from './lib/gateway.mjs';
import { assertGolden } from './lib/golden.mjs';
import { request } from './lib/http.mjs';
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

describe('tokens', () => {
    test('no token and a wrong one are 401 with WWW-Authenticate',
        async () => {
            const missing = [{}, { Authorization: 'Bearer ' },
                { Authorization: stack.token },
                { Authorization: `Basic ${stack.token}` },
                { 'X-API-Key': '' }];
            const invalid = [{ Authorization: 'Bearer wrong' },
                { 'X-API-Key': stack.token.slice(0, -1) },
                { 'X-API-Key': 'pst_' + 'A'.repeat(43) }];
            for (const headers of [...missing, ...invalid]) {
                const answer = await request(stack.url, 'GET', path,
                    { headers });
                assertDetail(answer, 401, missing.includes(headers)
                    ? 'api_unauthorized_missing'
                    : 'api_unauthorized_invalid');
                assert.match(answer.headers['www-authenticate'], /^Bearer\b/);
            }
        });

    test('expired and revoked tokens are 401', async () => {
        for (const [more, golden] of [
            [{ expires_at: '2026-01-01 00:00:00' },
                'api_unauthorized_expired'],
            [{ revoked_at: '2026-01-01 00:00:00' },
                'api_unauthorized_invalid']]) {
            const { token } = await makeToken(stack, 'admin', 'default', more);
            assertDetail(await stack.api(token).get(path), 401, golden);
        }
    });

    const may = {
        admin: { list: 200, create: 201, trigger: 202 },
        app: { list: 200, create: 201, trigger: 202 },
        send: { list: 403, create: 403, trigger: 202 },
        read: { list: 200, create: 403, trigger: 403 },
    };
    for (const [scope, want] of Object.entries(may)) {
        test(`scope ${scope} may do what it says and no more`, async () => {
            const { token } = await makeToken(stack, scope, 'scopes');
            const mine = stack.api(token);
            const got = {
                list: await mine.get(path),
                create: await mine.post(path, { url, events: ['x'] }),
                trigger: await mine.post('/api/events/trigger',
                    { event: 'scope.test', data: {} }),
            };
            for (const [what, answer] of Object.entries(got)) {
                assert.equal(answer.status, want[what],
                    `${what}: ${answer.text}`);
                if (answer.status === 403)
                    assertDetail(answer, 403, 'api_forbidden');
            }
        });
    }

    test("another application's subscription answers 404 and stays",
        async () => {
            const a = await makeToken(stack, 'app', 'owner-a');
            const b = await makeToken(stack, 'app', 'owner-b');
            const made = await subscribe(stack, url, ['owned'], {}, a.token);
            const other = stack.api(b.token);
            for (const answer of [
                await other.get(`${path}/${made.id}`),
                await other.patch(`${path}/${made.id}`, { active: false }),
                await other.delete(`${path}/${made.id}`),
                await other.post(`${path}/${made.id}/test`),
                await other.get(`${path}/${made.id}/deliveries`),
                await other.get(`${path}/${made.id}/stats`)])
                assertDetail(answer, 404, 'api_subscription_not_found');
            assert.equal((await other.get(path)).text, '[]');
            const mine = await stack.api(a.token).get(`${path}/${made.id}`);
            assert.equal(mine.status, 200);
            assert.equal(mine.json.active, true);
        });

    test('events reach only subscriptions of their application', async () => {
        const a = await makeToken(stack, 'app', 'events-a');
        const b = await makeToken(stack, 'app', 'events-b');
        await subscribe(stack, url, ['shared.type'], {}, a.token);
        assert.equal((await trigger(stack, 'shared.type', {}, {}, b.token))
            .matched, 0);
        assert.equal((await trigger(stack, 'shared.type', {}, {}, a.token))
            .matched, 1);
    });

    test('an administrator may name the application, others may not',
        async () => {
            const a = await makeToken(stack, 'app', 'named-app');
            const made = await subscribe(stack, url, ['by.admin'],
                { application: 'named-app' });
            assert.equal((await stack.api(a.token).get(`${path}/${made.id}`))
                .status, 200);
            assert.equal((await trigger(stack, 'by.admin', {},
                { application: 'named-app' })).matched, 1);
            assert.equal((await trigger(stack, 'by.admin', {})).matched, 0);
            const refused = await stack.api(a.token).post(path,
                { url, events: ['x'], application: 'default' });
            assert.equal(refused.status, 422, refused.text);
            const unknown = await api.post(path,
                { url, events: ['x'], application: 'no such' });
            assert.equal(unknown.status, 422, unknown.text);
        });

    test("another application's delivery and event answer 404", async () => {
        const a = await makeToken(stack, 'app', 'history-a');
        const b = await makeToken(stack, 'app', 'history-b');
        const { event_id } = await trigger(stack, 'history', { n: 1 }, {},
            a.token);
        const mine = await stack.api(a.token).get(`/api/events/${event_id}`);
        assert.equal(mine.status, 200, mine.text);
        const other = await stack.api(b.token).get(`/api/events/${event_id}`);
        assert.equal(other.status, 404, other.text);
        assertGolden(other.body, 'api_event_not_found');
    });
});

describe('Idempotency-Key', () => {
    const withKey = (key) => ({ headers: { 'Idempotency-Key': key } });

    test('the same key and body give the first answer again, byte for byte',
        async () => {
            const body = { url, events: ['idem'] };
            const first = await api.post(path, body, withKey('create-1'));
            const again = await api.post(path, body, withKey('create-1'));
            assert.equal(first.status, 201, first.text);
            assert.equal(again.status, 201, again.text);
            assert.equal(again.text, first.text);
            assert.equal(await stack.sql.count('SELECT COUNT(*) FROM ' +
                "subscription_patterns WHERE pattern = 'idem'"), 1);
        });

    test('the same key with another body is 422', async () => {
        await api.post(path, { url, events: ['idem2'] }, withKey('create-2'));
        const other = await api.post(path, { url, events: ['idem3'] },
            withKey('create-2'));
        assertDetail(other, 422, 'api_idempotency_mismatch');
    });

    test('a trigger is repeated, not doubled', async () => {
        const body = { event: 'idem.event', data: { n: 1 } };
        const first = await api.post('/api/events/trigger', body,
            withKey('trigger-1'));
        const again = await api.post('/api/events/trigger', body,
            withKey('trigger-1'));
        assert.equal(first.status, 202, first.text);
        assert.equal(again.text, first.text);
        assert.equal(await stack.sql.count("SELECT COUNT(*) FROM events " +
            "WHERE type = 'idem.event'"), 1);
    });

    test('the key of one application is not that of another', async () => {
        const a = await makeToken(stack, 'app', 'idem-a');
        const b = await makeToken(stack, 'app', 'idem-b');
        const body = { url, events: ['idem4'] };
        const one = await stack.api(a.token).post(path, body,
            withKey('shared'));
        const two = await stack.api(b.token).post(path, body,
            withKey('shared'));
        assert.equal(one.status, 201, one.text);
        assert.equal(two.status, 201, two.text);
        assert.notEqual(two.json.id, one.json.id);
    });

    test('a stored answer with a secret is not in clear in the database',
        async () => {
            const made = await api.post(path, { url, events: ['idem5'] },
                withKey('sealed'));
            const rows = await stack.sql.rows('SELECT * FROM idempotency');
            assert.ok(rows.length > 0);
            for (const row of rows)
                assert.ok(!row.response?.toString('latin1')
                    .includes(made.json.secret));
        });

    test('two at the same time make one', async () => {
        const body = { url, events: ['idem6'] };
        const answers = await Promise.all(Array.from({ length: 8 }, () =>
            api.post(path, body, withKey('race'))));
        for (const answer of answers)
            assert.ok([201, 409].includes(answer.status), answer.text);
        const made = answers.filter((answer) => answer.status === 201);
        assert.equal(new Set(made.map((answer) => answer.text)).size, 1);
        assert.equal(await stack.sql.count('SELECT COUNT(*) FROM ' +
            "subscription_patterns WHERE pattern = 'idem6'"), 1);
    });
});
