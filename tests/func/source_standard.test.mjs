// source_standard.test.mjs - Standard Webhooks, signed by `standardwebhooks`,
// and by our own ed25519 keys for v1a, which that library does not make.

import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID, sign as signBytes } from
    'node:crypto';
import { describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { addSource, assertRefused, errors, eventsOf, nowS, post } from
    './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';
import { standardSignature } from './lib/sign.mjs';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

const make = (n) => ({ id: `msg_${randomUUID()}`, record: `inv_${n}`,
    type: 'standard.invoice.paid', headers: {},
    body: JSON.stringify({ type: 'invoice.paid', timestamp:
        '2026-01-01T15:00:00.5Z', data: { id: `inv_${n}`, name: 'Zoë' } }) });

const sign = (one, { secret: key = secret, at = nowS() } = {}) => ({
    'webhook-id': one.id, 'webhook-timestamp': `${at}`,
    'webhook-signature': Buffer.isBuffer(one.body)
        ? standardSignature(key, one.id, at, one.body)
        : new Webhook(key).sign(one.id, new Date(at * 1000), one.body) });

const it = providerFile({ provider: 'standard', secret, status: 202,
    timed: 300, forged: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD', make, sign });

const send = (one, headers) => post(it.stack, 'standard', one, headers);
const refused = (one, headers, error) => assertRefused(it.stack, 'standard',
    () => send(one, headers), ...error);

describe('standard webhooks, their ways', () => {
    test('one of several signatures is enough, of any version', async () => {
        const one = make(50);
        const headers = sign(one);
        headers['webhook-signature'] = 'v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAF' +
            `Q/9tdO6mc= v2,bm90IGtub3du ${headers['webhook-signature']}`;
        const answer = await send(one, headers);
        assert.equal(answer.status, 202, answer.text);
    });

    test('cut short, of another version, without id or time: refused',
        async () => {
            const one = make(51);
            const right = sign(one);
            const value = right['webhook-signature'];
            await refused(one, { ...right, 'webhook-signature':
                value.slice(0, 11) }, [401, /signature/]);
            await refused(one, { ...right, 'webhook-signature':
                `v2,${value.slice(3)}` }, [401, /signature/]);
            await refused(one, { ...right, 'webhook-timestamp': 'hello' },
                [401, /malformed_signature/]);
            for (const name of ['webhook-id', 'webhook-timestamp']) {
                const { [name]: _, ...rest } = right;
                await refused(one, rest, errors.unsigned);
            }
        });

    test('the id is signed: another one is refused', async () => {
        const one = make(52);
        await refused(one, { ...sign(one), 'webhook-id': 'msg_other' },
            errors.forged);
    });

    test('v1a is checked with a public key', async () => {
        const { publicKey, privateKey } = generateKeyPairSync('ed25519');
        const key = 'whpk_' + publicKey.export({ format: 'der', type: 'spki' })
            .subarray(-32).toString('base64');
        await addSource(it.stack, { name: 'asymmetric', provider: 'standard',
            secret: key });
        const one = make(53);
        const at = nowS();
        const headers = { 'webhook-id': one.id, 'webhook-timestamp': `${at}`,
            'webhook-signature': 'v1a,' + signBytes(null, Buffer.from(
                `${one.id}.${at}.${one.body}`), privateKey).toString('base64') };
        const answer = await post(it.stack, 'asymmetric', one, headers);
        assert.equal(answer.status, 202, answer.text);
        assert.equal((await eventsOf(it.stack, 'asymmetric')).length, 1);
        await assertRefused(it.stack, 'asymmetric', () => post(it.stack,
            'asymmetric', { ...one, body: `${one.body} ` }, headers),
        ...errors.forged);
        await assertRefused(it.stack, 'asymmetric', () => post(it.stack,
            'asymmetric', one, sign(one)), 401, /signature|secret/);
    });
});
