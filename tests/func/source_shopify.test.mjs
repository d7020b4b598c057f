// source_shopify.test.mjs - Shopify's webhooks, in both families of headers.

import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { assertRefused, errors, eventsOf, post } from
    './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';

const secret = 'shpss_0123456789abcdef';
const mac = (body, key = secret) => createHmac('sha256', key).update(body)
    .digest('base64');

const make = (n) => ({ type: 'shopify.orders.create', record: `${n}0001`,
    headers: { 'X-Shopify-Topic': 'orders/create',
        'X-Shopify-Shop-Domain': 'zoe.myshopify.com',
        'X-Shopify-API-Version': '2026-01',
        'X-Shopify-Webhook-Id': randomUUID(),
        'X-Shopify-Event-Id': randomUUID(),
        'X-Shopify-Triggered-At': '2026-01-01T15:00:00.123456789Z' },
    body: JSON.stringify({ id: Number(`${n}0001`), email: 'zoë@example.com',
        total_price: '409.94', updated_at: '2026-01-01T10:00:00-05:00' }) });

const it = providerFile({ provider: 'shopify', secret, status: 200, make,
    forged: 'another secret',
    sign: (one, { secret: key }) => ({
        'X-Shopify-Hmac-Sha256': mac(one.body, key) }) });

describe('shopify, its ways', () => {
    test('the headers of its Events family count as well', async () => {
        const one = { ...make(50), headers: { 'shopify-topic': 'Order',
            'shopify-action': 'update', 'shopify-webhook-id': randomUUID(),
            'shopify-event-id': randomUUID() } };
        const answer = await post(it.stack, 'shopify', one, {
            'shopify-hmac-sha256': mac(one.body) });
        assert.equal(answer.status, 200, answer.text);
        const event = (await eventsOf(it.stack, 'shopify')).at(-1);
        assert.equal(event.type, 'shopify.order.update');
        assert.equal(JSON.parse(event.metadata).record_id, '500001');
    });

    test('both families at once are refused', async () => {
        const one = make(51);
        await assertRefused(it.stack, 'shopify', () => post(it.stack,
            'shopify', one, { 'X-Shopify-Hmac-Sha256': mac(one.body),
                'shopify-hmac-sha256': mac(one.body) }),
        401, /^ambiguous/);
    });

    test('the secret of a rotation is taken beside the new one', async () => {
        const answer = await it.stack.api().patch(
            `/api/sources/${it.source.id}`,
            { secret: 'the next secret', keep_secrets: true });
        assert.equal(answer.status, 200, answer.text);
        for (const key of ['the next secret', secret]) {
            const one = make(key === secret ? 60 : 61);
            const taken = await post(it.stack, 'shopify', one, {
                'X-Shopify-Hmac-Sha256': mac(one.body, key) });
            assert.equal(taken.status, 200, taken.text);
        }
    });

    test('hex in place of base64 is malformed', async () => {
        const one = make(52);
        await assertRefused(it.stack, 'shopify', () => post(it.stack,
            'shopify', one, { 'X-Shopify-Hmac-Sha256': createHmac('sha256',
                secret).update(one.body).digest('hex') }),
        ...errors.malformed);
    });
});
