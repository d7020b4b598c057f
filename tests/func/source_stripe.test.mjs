// source_stripe.test.mjs - Stripe's webhooks, signed by the library `stripe`.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Stripe from 'stripe';
import { assertRefused, errors, eventsOf, nowS, post } from
    './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';
import { hexSignature } from './lib/sign.mjs';

const stripe = new Stripe('sk_test_none');
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const header = (body, more = {}) => ({ 'Stripe-Signature':
    stripe.webhooks.generateTestHeaderString({ payload: body, secret,
        timestamp: nowS(), ...more }) });

// Pretty-printed, as Stripe sends it.
const make = (n) => ({ type: 'stripe.invoice.paid',
    headers: { 'User-Agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)' },
    contentType: 'application/json; charset=utf-8', record: `in_${n}`,
    body: JSON.stringify({ id: `evt_1NG8Du2eZvKYlo2C${n}`, object: 'event',
        api_version: '2026-01-01', created: 1767279600 + n,
        data: { object: { id: `in_${n}`, object: 'invoice', total: 1099,
            customer_name: 'Zoë' } },
        livemode: false, pending_webhooks: 1,
        request: { id: null, idempotency_key: null },
        type: 'invoice.paid' }, null, 2) });

const it = providerFile({
    provider: 'stripe', secret, status: 202, timed: 300, make,
    forged: 'whsec_another',
    // The library signs text alone; bytes that are none are signed as it would.
    sign: (one, { secret: key, at }) => Buffer.isBuffer(one.body)
        ? { 'Stripe-Signature': `t=${at},v1=${hexSignature(key,
            Buffer.concat([Buffer.from(`${at}.`), one.body]))}` }
        : header(one.body, { secret: key, timestamp: at }),
});

describe('stripe, its ways', () => {
    const send = (one, headers) => post(it.stack, 'stripe', one, headers);

    test('signatures of other schemes and of other secrets may stand beside',
        async () => {
            const one = make(100);
            const value = header(one.body)['Stripe-Signature'];
            const [t, v1] = value.split(',');
            const answer = await send(one, { 'Stripe-Signature':
                `${t},v1=${'0'.repeat(64)},${v1},v0=${'f'.repeat(64)}` });
            assert.equal(answer.status, 202, answer.text);
        });

    test('v0 alone, no t, and a t that is none are malformed', async () => {
        const one = make(101);
        const [t, v1] = header(one.body)['Stripe-Signature'].split(',');
        for (const value of [`${t},v0=${v1.slice(3)}`, v1, `t=x,${v1}`,
            `t=-5,${v1}`, `${t},v1=`])
            await assertRefused(it.stack, 'stripe',
                () => send(one, { 'Stripe-Signature': value }),
                401, /^(malformed|missing)_signature$|^stale_timestamp$/);
    });

    test('the decoded half of the secret is not the key', async () => {
        const one = make(102);
        await assertRefused(it.stack, 'stripe', () => send(one, header(
            one.body, { secret: secret.slice(6) })), ...errors.forged);
    });

    test('a thin event names the object that it is about', async () => {
        const body = JSON.stringify({ id: 'evt_test_65R9Ijk8', type:
            'v1.billing.meter.error_report_triggered', livemode: true,
        object: 'v2.core.event', created: '2026-01-01T15:00:00.000Z',
        related_object: { id: 'mtr_test_61', type: 'billing.meter',
            url: '/v1/billing/meters/mtr_test_61' } });
        const answer = await send({ ...make(103), body }, header(body));
        assert.equal(answer.status, 202, answer.text);
        const event = (await eventsOf(it.stack, 'stripe')).at(-1);
        assert.equal(event.type,
            'stripe.v1.billing.meter.error_report_triggered');
        const metadata = JSON.parse(event.metadata);
        assert.equal(metadata.record_id, 'mtr_test_61');
        assert.equal(metadata.timestamp, '2026-01-01T15:00:00Z');
    });
});
