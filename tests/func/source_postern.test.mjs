// source_postern.test.mjs - what one gateway sends, another one takes: signed by
// our own deliveries, and by `standardwebhooks` for the cases that must fail.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { subscribe, trigger } from './lib/gateway.mjs';
import { eventsOf } from './lib/provider_cases.mjs';
import { providerFile } from './lib/provider_stack.mjs';
import { standardSignature } from './lib/sign.mjs';
import { eventually } from './lib/wait.mjs';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const make = (n) => ({ id: `evt_${randomUUID()}`, type: 'peer.order.paid',
    headers: { 'X-Webhook-Event': 'order.paid' }, body: JSON.stringify({
        id: `evt_${n}`, event: 'order.paid', event_type: 'order.paid',
        timestamp: '2026-01-01T15:00:00Z', data: { n, name: 'Zoë' },
        metadata: {} }) });

const it = providerFile({ name: 'peer', provider: 'postern', secret,
    status: 202, timed: 300, make,
    forged: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
    sign: (one, { secret: key, at }) => ({ 'webhook-id': one.id,
        'webhook-timestamp': `${at}`,
        'webhook-signature': Buffer.isBuffer(one.body)
            ? standardSignature(key, one.id, at, one.body)
            : new Webhook(key).sign(one.id, new Date(at * 1000), one.body) }) });

describe('a delivery of ours', () => {
    test('is an event there, under the same id once', async () => {
        const { stack } = it;
        await subscribe(stack, `${stack.url}/api/v1/webhooks/peer`,
            ['invoice.sent'], { secret });
        const { event_id } = await trigger(stack, 'invoice.sent',
            { total: 12.5 });
        const event = await eventually('it came in', async () =>
            (await eventsOf(stack, 'peer')).find((one) =>
                one.type === 'peer.invoice.sent'));
        const body = JSON.parse(event.payload);
        assert.equal(body.id, event_id);
        assert.deepEqual(body.data, { total: 12.5 });
        assert.equal(Number(event.verified), 1);
        // Sent again by hand, it is told as a repeat and delivered all the same.
        await stack.drained();
        const delivery = (await stack.api().get(
            '/api/deliveries?event_type=invoice.sent')).json[0];
        const retried = await stack.api().post(
            `/api/deliveries/${delivery.id}/retry`, {});
        assert.ok(retried.status < 300, retried.text);
        await stack.drained();
        assert.equal((await eventsOf(stack, 'peer')).filter((one) =>
            one.type === 'peer.invoice.sent').length, 1);
    });
});
