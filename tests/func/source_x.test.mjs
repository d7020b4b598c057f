// source_x.test.mjs - the account activity of X. It has no library; how it
// asks for a signature is in receive_handshake.test.mjs.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { assertRefused, errors, post } from './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';
import { hexSignature } from './lib/sign.mjs';

const secret = 'consumer secret of X';
const make = (n) => ({ type: 'x.tweet_create_events', headers: {},
    body: JSON.stringify({ for_user_id: '2244994945',
        tweet_create_events: [{ id_str: String(n), text: 'Zoë' }] }) });
const base64 = (key, body) => 'sha256=' +
    createHmac('sha256', key).update(body).digest('base64');

const it = providerFile({
    provider: 'x', secret, forged: 'another secret', status: 200, make,
    sign: (one, { secret: key }) => ({
        'X-Twitter-Webhooks-Signature': base64(key, one.body) }),
});

describe('x, its ways', () => {
    test('the signature in hex, or without its prefix, is refused',
        async () => {
            const one = make(90);
            for (const value of [`sha256=${hexSignature(secret, one.body)}`,
                base64(secret, one.body).slice('sha256='.length)])
                await assertRefused(it.stack, 'x', () => post(it.stack, 'x',
                    one, { 'X-Twitter-Webhooks-Signature': value }),
                ...errors.malformed);
        });

    test('what a challenge has signed is no event', async () => {
        const token = 'MTVjYzFmZjItYzQ4Zi00NzhmLWFmZjItNzA5YTYxNmRmYzQ0';
        const one = { body: token };
        const headers = { 'X-Twitter-Webhooks-Signature':
            base64(secret, token) };
        const answer = await assertRefused(it.stack, 'x', () => post(
            it.stack, 'x', one, headers), ...errors.invalid);
        assert.equal(answer.json.detail[0].type, 'value_error.jsondecode');
    });
});
