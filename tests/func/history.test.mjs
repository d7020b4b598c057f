// history.test.mjs - what is kept of events and answers, and what is not:
// capture with its cap, masked secrets, content that is removed for good.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { delivery, deliveryId, makeToken, reached, sendOne, subscribe,
    trigger } from './lib/gateway.mjs';
import { idNumber } from './lib/ids.mjs';
import { Receiver } from './lib/receiver.mjs';
import { fresh } from './lib/receive_cases.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

let stack;
let api;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([
        Stack.start({ conf: { response_body_kept: '600' } }),
        Receiver.start()]);
    api = stack.api();
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

const del = (path, token) => stack.api(token).delete(path);

// Rows of history in which the text stands.
async function traces(text) {
    const like = `%${text}%`;
    return stack.sql.count('SELECT ' +
        '(SELECT COUNT(*) FROM events WHERE payload LIKE ? OR ' +
        'metadata LIKE ?) + (SELECT COUNT(*) FROM events_kept WHERE ' +
        'payload LIKE ? OR metadata LIKE ?) + ' +
        '(SELECT COUNT(*) FROM deliveries WHERE response_body LIKE ? OR ' +
        'error_message LIKE ?) + (SELECT COUNT(*) FROM attempts WHERE ' +
        'response_body LIKE ? OR error_message LIKE ?)',
    Array(8).fill(like));
}

describe('answers', () => {
    test('are kept up to response_body_kept', async () => {
        const sent = await sendOne(stack, receiver, 'long',
            [{ status: 200, body: 'x'.repeat(5000) }]);
        const done = await reached(stack, sent.id, 'success');
        assert.equal(done.response_body, 'x'.repeat(600));
    });

    test('are not kept for a subscription with capture_responses off',
        async () => {
            const sent = await sendOne(stack, receiver, 'quiet',
                [{ status: 500, body: 'private' },
                    { status: 200, body: 'private too' }],
                { capture_responses: false, retry_delay: 1 });
            const done = await reached(stack, sent.id, 'success');
            assert.ok(!done.response_body, done.response_body);
            assert.equal(done.response_code, 200);
            assert.equal(done.attempts.length, 2);
            assert.equal(await traces('private'), 0);
            const path = `/api/webhooks/${sent.subscription.id}`;
            assert.equal((await api.get(path)).json.capture_responses, false);
            const changed = await api.patch(path,
                { capture_responses: true });
            assert.equal(changed.json.capture_responses, true);
            await eventually('answers are kept again', async () => {
                const { event_id } = await trigger(stack, 'deliver.quiet', {});
                const id = await deliveryId(stack, event_id);
                return (await reached(stack, id, 'success'))
                    .response_body === 'private too';
            });
        });

    test('never hold the secrets that a receiver sends back', async () => {
        const secret = 'whsec_' + Buffer.alloc(32, 'Q/+=').toString('base64');
        const password = 'correct horse/battery';
        const authorization = 'Basic ' +
            Buffer.from(`me:${password}`).toString('base64');
        const place = receiver.place('echo', (request) => ({
            status: 500,
            body: JSON.stringify({
                authorization: request.headers.authorization,
                header: request.headers['x-tenant-key'],
            }).replaceAll('/', '\\/') + secret +
                encodeURIComponent(password),
        }));
        const subscription = await subscribe(stack, place.url, ['echo.sent'], {
            secret,
            auth: { type: 'basic', user: 'me', password },
            headers: { 'X-Tenant-Key': 'tenant/key/4711' },
            retry_count: 1, retry_delay: 1,
        });
        const { event_id } = await trigger(stack, 'echo.sent', {});
        const id = await deliveryId(stack, event_id);
        const done = await reached(stack, id, 'failed');
        assert.equal(place.requests[0].headers.authorization, authorization);
        assert.equal(place.requests[0].headers['x-tenant-key'],
            'tenant/key/4711');
        for (const attempt of done.attempts) {
            const body = attempt.response_body.replaceAll('\\/', '/');
            for (const known of [secret, secret.slice(6), password,
                authorization.slice(6), 'tenant/key/4711',
                encodeURIComponent(password)])
                assert.ok(!body.includes(known), `${known} in ${body}`);
            assert.match(body, /^\{"authorization":"\*+","header":"\*+"\}\*+$/);
        }
        assert.equal(done.attempts.length, 2);
        assert.ok(subscription.id);
    });

    test('of a test of an endpoint are masked as well', async () => {
        const secret = 'a-plain-secret-of-mine';
        const place = receiver.place('echo-test',
            { status: 200, body: `signed with ${secret}?` });
        const { id } = await subscribe(stack, place.url, ['echo.tested'],
            { secret });
        const answer = await api.post(`/api/webhooks/${id}/test`, {});
        assert.equal(answer.status, 200, answer.text);
        assert.ok(!answer.text.includes(secret), answer.text);
        assert.equal(await traces(secret), 0);
    });
});

describe('the content of an event', () => {
    const NAME = 'Ernestine Wimmer';

    const content = (id, more = '') => `/api/events/${id}/content${more}`;

    async function sendPersonal(name, script, options = {}) {
        return sendOne(stack, receiver, name, script, {
            data: { name: NAME }, more: { metadata: { for: NAME } },
            ...options });
    }

    test('is removed with the answers to it', async () => {
        const sent = await sendPersonal('forget',
            [{ status: 500, body: `no ${NAME}` },
                { status: 200, body: `hello ${NAME}` }], { retry_delay: 1 });
        await reached(stack, sent.id, 'success');
        assert.equal(await traces(NAME), 3);
        assert.equal((await del(content(sent.eventId))).status, 204);
        assert.equal(await traces(NAME), 0);
        const { json } = await api.get(`/api/events/${sent.eventId}`);
        assert.equal(json.content_removed, true);
        assert.equal(json.data, null);
        assert.deepEqual(json.metadata, {});
        assert.equal(json.deliveries[0].status, 'success');
        assert.equal((await del(content(sent.eventId))).status, 204);

        const again = await api.post(`/api/deliveries/${sent.id}/retry`);
        assert.equal(again.status, 409, again.text);
        assert.match(again.json.detail, /content of this event was removed/);
        const cli = await stack.cli('delivery', 'retry', sent.id);
        assert.equal(cli.code, 1);
        assert.match(cli.stderr, /content of its event was removed/);
        assert.equal(sent.place.requests.length, 2);
        const history = await api.get('/api/events/history?limit=1');
        assert.equal(history.json[0].content_removed, true);
        const shown = await stack.cli('event', 'show', sent.eventId);
        assert.equal(shown.code, 0, shown.stderr);
        assert.ok(!shown.stdout.includes(NAME), shown.stdout);
    });

    test('stays while a delivery needs it, unless that is cancelled',
        async () => {
            const sent = await sendPersonal('waiting', [500],
                { retry_delay: 3600, retry_count: 3 });
            await reached(stack, sent.id, 'retrying');
            const refused = await del(content(sent.eventId));
            assert.equal(refused.status, 409, refused.text);
            assert.match(refused.json.detail,
                /still being delivered or processed/);
            assert.equal(await traces(NAME), 1);
            assert.equal((await del(content(sent.eventId, '?cancel=maybe')))
                .status, 422);
            const done = await del(content(sent.eventId, '?cancel=true'));
            assert.equal(done.status, 204, done.text);
            assert.equal((await delivery(stack, sent.id)).status, 'cancelled');
            assert.equal(await traces(NAME), 0);
        });

    test('of another application is not there', async () => {
        const sent = await sendPersonal('foreign', [200]);
        await reached(stack, sent.id, 'success');
        const { token } = await makeToken(stack, 'app', 'neighbours');
        assert.equal((await del(content(sent.eventId), token)).status, 404);
        assert.equal(await traces(NAME), 1);
        const reader = await makeToken(stack, 'read');
        assert.equal((await del(content(sent.eventId), reader.token)).status,
            403);
        const shell = await stack.cli('event', 'forget', sent.eventId,
            '--application', 'neighbours');
        assert.equal(shell.code, 66, shell.stderr);
        const forgot = await stack.cli('event', 'forget', sent.eventId);
        assert.equal(forgot.code, 0, forgot.stderr);
        assert.equal(await traces(NAME), 0);
    });

    test('goes through Svix’s API too', async () => {
        const sent = await sendPersonal('svix', [200]);
        await reached(stack, sent.id, 'success');
        const event = await api.get(`/api/events/${sent.eventId}`);
        const path = `/api/v1/app/${event.json.application}/msg/` +
            `${sent.eventId.replace('evt_', 'msg_')}`;
        assert.equal((await del(`${path}/content`)).status, 204);
        assert.deepEqual((await api.get(path)).json.payload,
            { expired: true });
        assert.equal(await traces(NAME), 0);
    });

    test('of an inbound event is not needed when its provider repeats it',
        async () => {
            const body = fresh({ data: { name: NAME },
                metadata: { schema: 'public', event_id: randomUUID() } });
            assert.equal((await stack.receive('supabase', body)).status, 202);
            await stack.drained();
            const id = await stack.sql.value('SELECT id FROM events WHERE ' +
                "payload LIKE ? ORDER BY id DESC LIMIT 1", [`%${NAME}%`]);
            await stack.sql.rows('UPDATE deliveries SET status = ' +
                "'failed' WHERE event_id = ? AND kind = 2", [id]);
            const forgot = await stack.cli('event', 'forget', String(id));
            assert.equal(forgot.code, 0, forgot.stderr);
            const repeat = await stack.receive('supabase', body);
            assert.equal(repeat.status, 200, repeat.text);
            assert.equal(repeat.json.status, 'duplicate');
            assert.equal(await stack.sql.count('SELECT COUNT(*) FROM jobs ' +
                'WHERE event_id = ?', [id]), 0);
            // The mirror has a copy of its own.
            assert.equal(await stack.sql.count('SELECT COUNT(*) FROM ' +
                'records WHERE data LIKE ?', [`%${NAME}%`]), 1);
        });

    test('is not there for an id that nobody has', async () => {
        assert.equal((await del(content('evt_0000000000001'))).status, 404);
        assert.equal((await del(content('nonsense'))).status, 404);
        const cli = await stack.cli('event', 'forget', 'nonsense');
        assert.equal(cli.code, 64);
        assert.equal(idNumber('evt_0000000000001'), '1');
    });
});
