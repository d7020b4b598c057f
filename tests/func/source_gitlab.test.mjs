// source_gitlab.test.mjs - GitLab's webhooks: with a signing token (from 19.0
// on, Standard Webhooks, signed by that library) and with a secret token.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { addSource, assertRefused, errors, eventsOf, nowS, post } from
    './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';
import { standardSignature } from './lib/sign.mjs';

const push = (n) => JSON.stringify({ object_kind: 'push', event_name: 'push',
    before: '0'.repeat(40), after: n.toString(16).padStart(40, 'd'),
    ref: 'refs/heads/main', user_name: 'Zoë', project_id: 15,
    project: { id: 15, path_with_namespace: 'mike/diaspora' },
    total_commits_count: 1 });

const make = (n) => ({ body: push(n), type: 'gitlab.push', headers: {
    'User-Agent': 'GitLab/19.0.0', 'X-Gitlab-Event': 'Push Hook',
    'X-Gitlab-Event-UUID': randomUUID(), 'Idempotency-Key': randomUUID() } });

const it = providerFile({
    provider: 'gitlab', status: 202, timed: 300,
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    forged: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
    make,
    sign: (one, { secret, at }) => {
        const id = one.headers['Idempotency-Key'];
        return { 'webhook-id': id, 'webhook-timestamp': `${at}`,
            'webhook-signature': Buffer.isBuffer(one.body)
                ? standardSignature(secret, id, at, one.body)
                : new Webhook(secret).sign(id, new Date(at * 1000),
                    one.body) };
    },
});

describe('gitlab, with a secret token', () => {
    const token = 'glwt-0123456789abcdef';
    const named = (n) => ({ ...make(n), type: 'gitlab_token.push' });
    const send = (one, value = token) => post(it.stack, 'gitlab_token', one,
        value === null ? {} : { 'X-Gitlab-Token': value });
    before(async () => {
        await addSource(it.stack, { name: 'gitlab_token', provider: 'gitlab',
            secret: token });
    });

    test('is taken by its token, once', async () => {
        const one = named(1);
        for (const status of ['accepted', 'duplicate']) {
            const answer = await send(one);
            assert.equal(answer.json.status, status, answer.text);
        }
        const events = await eventsOf(it.stack, 'gitlab_token');
        assert.deepEqual(events.map((event) => event.type),
            ['gitlab_token.push']);
    });

    test('a merge request is named by its action', async () => {
        const body = JSON.stringify({ object_kind: 'merge_request',
            event_type: 'merge_request', user: { username: 'root' },
            project: { path_with_namespace: 'mike/diaspora' },
            object_attributes: { id: 99, iid: 1, action: 'open',
                updated_at: '2026-01-01 15:00:00 UTC' } });
        const answer = await send({ ...named(2), body });
        assert.equal(answer.status, 202, answer.text);
        const event = (await eventsOf(it.stack, 'gitlab_token')).at(-1);
        assert.equal(event.type, 'gitlab_token.merge_request.open');
        assert.equal(JSON.parse(event.metadata).record_id, '99');
    });

    test('no token, a wrong one and a signature in its place are 401',
        async () => {
            const refused = (send_, error) => assertRefused(it.stack,
                'gitlab_token', send_, ...error);
            await refused(() => send(named(3), null), errors.unsigned);
            for (const wrong of [`${token}x`, token.slice(1), 'x'])
                await refused(() => send(named(3), wrong), errors.forged);
            const one = named(3);
            await refused(() => post(it.stack, 'gitlab_token', one, {
                'webhook-id': 'a', 'webhook-timestamp': `${nowS()}`,
                'webhook-signature': new Webhook(
                    Buffer.from(token).toString('base64')).sign('a',
                    new Date(), one.body) }), [401, /signature|secret/]);
        });

    test('truncated, oversized and wrongly encoded bodies are refused',
        async () => {
            const one = named(4);
            for (const [body, error] of [
                [one.body.slice(0, -7), errors.invalid],
                [Buffer.from(one.body, 'utf16le'), errors.invalid],
                [one.body + ' '.repeat(102_401), errors.tooLarge]])
                await assertRefused(it.stack, 'gitlab_token',
                    () => send({ ...one, body }), ...error);
        });
});
