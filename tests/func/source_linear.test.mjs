// source_linear.test.mjs - Linear's webhooks; its library says whether what we
// send to the gateway is one.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { LinearWebhookClient } from '@linear/sdk/webhooks';
import { assertRefused, errors, post } from './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';
import { hexSignature } from './lib/sign.mjs';

const secret = 'lin_wh_0123456789abcdef';
const library = new LinearWebhookClient(secret);

const body = (n, ms = Date.now()) => JSON.stringify({ action: 'update',
    type: 'Issue', createdAt: '2026-01-01T15:00:00.000Z', actor: {
        id: '49a5d3f8', type: 'user', name: 'Zoë' }, organizationId: 'org_1',
    data: { id: `issue-${n}`, title: 'Hello', team: { key: 'ENG' } },
    updatedFrom: { title: 'Hallo' }, webhookTimestamp: ms,
    webhookId: 'd1f3c1a2' });
const make = (n) => ({ type: 'linear.issue.update', record: `issue-${n}`,
    headers: { 'User-Agent': 'Linear-Webhook', 'Linear-Event': 'Issue',
        'Linear-Delivery': randomUUID() }, body: body(n) });

const it = providerFile({ provider: 'linear', secret, status: 200, timed: 60,
    forged: 'lin_wh_another', make,
    // Without a time that can be read in it, a body is not from Linear.
    unreadable: [401, /^malformed_signature$/],
    // The time that counts stands in the body.
    at: (one, at) => ({ ...one, body: body(99, at * 1000) }),
    sign: (one, { secret: key }) => ({
        'Linear-Signature': hexSignature(key, one.body) }) });

describe('linear, its ways', () => {
    test('its library and the gateway agree', async () => {
        for (const [shift, status] of [[0, 200], [-50_000, 200],
            [-70_000, 401]]) {
            const one = { ...make(50), body: body(50, Date.now() + shift) };
            const signature = hexSignature(secret, one.body);
            let right = true;
            try {
                right = library.verify(Buffer.from(one.body), signature,
                    JSON.parse(one.body).webhookTimestamp);
            } catch {
                right = false;
            }
            assert.equal(right, status === 200);
            const answer = await post(it.stack, 'linear', one,
                { 'Linear-Signature': signature });
            assert.equal(answer.status, status, answer.text);
        }
    });

    test('a body without a time is refused though its signature is right',
        async () => {
            const one = make(51);
            one.body = one.body.replace('webhookTimestamp', 'sometime');
            await assertRefused(it.stack, 'linear', () => post(it.stack,
                'linear', one, { 'Linear-Signature':
                    hexSignature(secret, one.body) }), 401,
            /^(malformed_signature|missing_signature|stale_timestamp)$/);
        });

    test('a prefix that it does not have is malformed', async () => {
        const one = make(52);
        await assertRefused(it.stack, 'linear', () => post(it.stack, 'linear',
            one, { 'Linear-Signature': 'sha256=' + hexSignature(secret,
                one.body) }), ...errors.malformed);
    });
});
