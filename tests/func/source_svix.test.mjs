// source_svix.test.mjs - webhooks of Svix, signed by its library under its own
// names of headers.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { Webhook } from 'svix';
import { assertRefused, nowS, post } from './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';
import { standardSignature } from './lib/sign.mjs';

const secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

const make = (n) => ({ id: `msg_${randomUUID()}`, headers: {},
    type: 'svix.user.created', record: `user_${n}`,
    body: JSON.stringify({ type: 'user.created', data: { id: `user_${n}`,
        name: 'Zoë 😀' } }, null, 2) });

const sign = (one, { secret: key = secret, at = nowS() } = {},
    prefix = 'svix') => ({ [`${prefix}-id`]: one.id,
    [`${prefix}-timestamp`]: `${at}`,
    [`${prefix}-signature`]: Buffer.isBuffer(one.body)
        ? standardSignature(key, one.id, at, one.body)
        : new Webhook(key).sign(one.id, new Date(at * 1000), one.body) });

const it = providerFile({ provider: 'svix', secret, status: 202, timed: 300,
    forged: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', make, sign });

describe('svix, its ways', () => {
    test('the names of Standard Webhooks are taken as well', async () => {
        const one = make(50);
        const answer = await post(it.stack, 'svix', one, sign(one, {},
            'webhook'));
        assert.equal(answer.status, 202, answer.text);
    });

    test('both names at once are refused', async () => {
        const one = make(51);
        await assertRefused(it.stack, 'svix', () => post(it.stack, 'svix', one,
            { ...sign(one), ...sign(one, {}, 'webhook') }), 401, /^ambiguous/);
    });
});
