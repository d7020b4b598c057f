// source_slack.test.mjs - Slack: events, slash commands and interactivity as
// forms, and its handshakes. Signed as its Bolt library does.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertRefused, errors, eventsOf, nowS, post } from
    './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';
import { hexSignature } from './lib/sign.mjs';

const secret = '8f742231b10e8888abcd99yyyzzz85a5';
const form = 'application/x-www-form-urlencoded';

const sign = (one, { secret: key = secret, at = nowS() } = {}) => ({
    'X-Slack-Request-Timestamp': `${at}`,
    'X-Slack-Signature': 'v0=' + hexSignature(key, Buffer.concat([
        Buffer.from(`v0:${at}:`), Buffer.from(one.body)])) });

const make = (n) => ({ type: 'slack.event.message', headers: {},
    body: JSON.stringify({ token: 'XXYYZZ', team_id: 'T123ABC456',
        api_app_id: 'A123ABC456', event: { type: 'message', channel:
            'C123ABC456', user: 'U123ABC456', text: `Zoë's word ${n} 😀`,
        ts: '1767279600.000200', event_ts: '1767279600.000200' },
        type: 'event_callback', event_id: `Ev123ABC${n}`,
        event_time: 1767279600 }) });

const it = providerFile({ provider: 'slack', secret, status: 200, timed: 300,
    forged: 'another secret', make, sign });

const send = (one, headers = sign(one)) =>
    post(it.stack, 'slack', one, headers);
const stored = async () => (await eventsOf(it.stack, 'slack')).length;

describe('slack, its handshakes', () => {
    test('url_verification is answered with its challenge, if signed',
        async () => {
            const one = { body: JSON.stringify({ token: 'x', challenge:
                '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P',
            type: 'url_verification' }) };
            const before = await stored();
            const answer = await send(one);
            assert.equal(answer.status, 200, answer.text);
            const { challenge } = JSON.parse(one.body);
            assert.ok(answer.text === challenge ||
                answer.json.challenge === challenge, answer.text);
            await assertRefused(it.stack, 'slack', () => send(one, {}),
                ...errors.unsigned);
            await assertRefused(it.stack, 'slack', () => send(one,
                sign(one, { secret: 'wrong' })), ...errors.forged);
            assert.equal(await stored(), before);
        });

    test('ssl_check comes unsigned: 200, and nothing in it counts',
        async () => {
            const before = await stored();
            const answer = await send({ contentType: form,
                body: 'ssl_check=1&token=x&command=%2Fdeploy&text=now' }, {});
            assert.equal(answer.status, 200, answer.text);
            assert.equal(await stored(), before);
        });
});

describe('slack, its forms', () => {
    test('a slash command is the object of its fields', async () => {
        const one = { contentType: form, body: 'token=x&team_id=T1&' +
            'channel_id=C1&user_id=U1&command=%2Fdeploy&text=Zo%C3%AB+%2B+1&' +
            'trigger_id=13345224609.738474920.8088930838d88f008e0' };
        const answer = await send(one);
        assert.equal(answer.status, 200, answer.text);
        const event = (await eventsOf(it.stack, 'slack')).at(-1);
        assert.equal(event.type, 'slack.command.deploy');
        const payload = JSON.parse(event.payload);
        assert.equal(payload.text, 'Zoë + 1');
        assert.equal(payload.command, '/deploy');
    });

    test('an interaction is the JSON in its field', async () => {
        const payload = { type: 'block_actions', user: { id: 'U1' },
            team: { id: 'T1' }, trigger_id: '1.2.3', token: 'x',
            actions: [{ action_id: 'go', value: '1' }] };
        const answer = await send({ contentType: form,
            body: new URLSearchParams({ payload: JSON.stringify(payload) })
                .toString() });
        assert.equal(answer.status, 200, answer.text);
        const event = (await eventsOf(it.stack, 'slack')).at(-1);
        assert.equal(event.type, 'slack.interaction.block_actions');
        assert.deepEqual(JSON.parse(event.payload), payload);
    });

    test('a form without an id is told by its signed time', async () => {
        const one = { contentType: form, body: 'command=%2Fdeploy&text=now' };
        const headers = sign(one);
        assert.equal((await send(one, headers)).status, 200);
        await assertRefused(it.stack, 'slack', () => send(one, headers), 200,
            /^duplicate$/);
        assert.equal((await send(one, sign(one, { at: nowS() - 5 }))).status,
            200);
    });

    test('a form that is changed is refused', async () => {
        const one = { contentType: form, body: 'command=%2Fdeploy&text=a' };
        await assertRefused(it.stack, 'slack', () => send({ ...one,
            body: `${one.body}&text=b` }, sign(one)), ...errors.forged);
    });

    test('a signature without its time, or with two, is refused', async () => {
        const one = make(70);
        const { 'X-Slack-Request-Timestamp': at, ...rest } = sign(one);
        await assertRefused(it.stack, 'slack', () => send(one, rest),
            ...errors.unsigned);
        for (const time of ['hello', '-1', '99999999999999999'])
            await assertRefused(it.stack, 'slack', () => send(one, { ...rest,
                'X-Slack-Request-Timestamp': time }), 401,
            /^(malformed|missing)_signature$|^stale_timestamp$|mismatch/);
    });
});
