// source_sendgrid.test.mjs - SendGrid's event webhook: signed with its private
// key; @sendgrid/eventwebhook says whether what we send is one.

import assert from 'node:assert/strict';
import { generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import sendgrid from '@sendgrid/eventwebhook';
import { assertRefused, errors, nowS, post } from './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';

const pair = () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec',
        { namedCurve: 'prime256v1' });
    return { privateKey, key: publicKey.export({ format: 'der',
        type: 'spki' }).toString('base64') };
};
const ours = pair();
const another = pair();
const library = new sendgrid.EventWebhook();

// An array, with the line end that its signature covers.
const make = (n) => ({ type: 'sendgrid.events', headers: {},
    body: JSON.stringify([{ email: 'zoë@example.com', timestamp: 1767279600,
        event: 'delivered', sg_event_id: `ZGVsaXZlcmVk${n}`, 'smtp-id':
        '<14c5d75ce93.dfd.64b469@ismtpd-555>' },
    { email: 'bob@example.com', timestamp: 1767279601, event: 'open',
        sg_event_id: `b3Blbg${n}` }]) + '\r\n' });

const sign = (one, { secret = ours, at = nowS() } = {}) => ({
    'X-Twilio-Email-Event-Webhook-Timestamp': `${at}`,
    'X-Twilio-Email-Event-Webhook-Signature': signBytes('sha256',
        Buffer.concat([Buffer.from(`${at}`), Buffer.from(one.body)]),
        secret.privateKey).toString('base64') });

const it = providerFile({ provider: 'sendgrid', secret: ours.key, status: 202,
    forged: another, make, broken: true,
    sign: (one, { secret, at }) => sign(one, { at, secret:
        secret === ours.key ? ours : secret }) });

describe('sendgrid, its ways', () => {
    test('its library and the gateway agree, to the line end', async () => {
        const one = make(50);
        const headers = sign(one);
        for (const [body, right] of [[one.body.trimEnd(), false],
            [one.body, true]]) {
            assert.equal(library.verifySignature(
                library.convertPublicKeyToECDSA(ours.key), body,
                headers['X-Twilio-Email-Event-Webhook-Signature'],
                headers['X-Twilio-Email-Event-Webhook-Timestamp']), right);
            const answer = await post(it.stack, 'sendgrid', { ...one, body },
                headers);
            assert.equal(answer.status, right ? 202 : 401, answer.text);
        }
    });

    test('a signature that is none, and none at all', async () => {
        const one = make(51);
        await assertRefused(it.stack, 'sendgrid', () => post(it.stack,
            'sendgrid', one, { ...sign(one),
                'X-Twilio-Email-Event-Webhook-Signature': 'AAAA' }), 401,
        /^(malformed_signature|signature_mismatch)$/);
        const { 'X-Twilio-Email-Event-Webhook-Timestamp': _, ...rest } =
            sign(one);
        await assertRefused(it.stack, 'sendgrid', () => post(it.stack,
            'sendgrid', one, rest), ...errors.unsigned);
    });
});
