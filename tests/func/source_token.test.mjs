// source_token.test.mjs - senders that can only send a fixed header, such as a
// Database Webhook of Supabase's dashboard: a bearer token, a header of its own.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { addSource, assertRefused, errors, eventsOf, post } from
    './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';

const secret = 'a-token-of-both-sides';
const make = (n) => ({ headers: {}, type: 'door.opened',
    body: JSON.stringify({ type: 'opened', n, who: 'Zoë 😀' }) });

// A token says nothing about the body, and nothing tells a repeat.
const it = providerFile({ name: 'door', provider: 'token', secret,
    status: 202, forged: 'another-token', make, tampering: false,
    repeats: 'never', more: { type_path: 'type' },
    sign: (one, { secret: key }) => ({ Authorization: `Bearer ${key}` }) });

describe('token, its ways', () => {
    before(() => addSource(it.stack, { name: 'gate', provider: 'supabase',
        verifiers: [{ kind: 'token', header: 'X-Webhook-Secret',
            secrets: [secret] }] }));

    test('other schemes of Authorization are refused', async () => {
        for (const value of [secret, `Basic ${Buffer.from(`a:${secret}`)
            .toString('base64')}`, `Bearer ${secret}x`,
        `Bearer ${secret.slice(1)}`, 'Bearer '])
            await assertRefused(it.stack, 'door', () => post(it.stack, 'door',
                make(50), { Authorization: value }), 401, /signature/);
    });

    test("a dashboard's webhook is read as one", async () => {
        const body = '{"type": "UPDATE", "table": "users", "record": ' +
            '{"id": 7, "name": "Zoë"}, "schema": "public", "old_record": ' +
            '{"id": 7, "name": "Zoe"}}';
        const answer = await post(it.stack, 'gate', { body },
            { 'X-Webhook-Secret': secret });
        assert.equal(answer.status, 202, answer.text);
        assert.equal((await eventsOf(it.stack, 'gate'))[0].type,
            'gate.users.update');
        await assertRefused(it.stack, 'gate', () => post(it.stack, 'gate',
            { body }, { Authorization: `Bearer ${secret}` }),
        ...errors.unsigned);
        await assertRefused(it.stack, 'gate', () => post(it.stack, 'gate',
            { body }, { 'X-Webhook-Secret': `${secret} x` }),
        ...errors.forged);
    });
});
