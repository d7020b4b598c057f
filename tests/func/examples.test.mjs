// examples.test.mjs - the documented curl commands, as they stand, and the
// scripts in examples/webhook_examples/.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { join } from 'node:path';
import { subscribe, trigger } from './lib/gateway.mjs';
import { assertGolden } from './lib/golden.mjs';
import { Receiver } from './lib/receiver.mjs';
import { plainEnv, root, run, Stack } from './lib/stack.mjs';

const examples = join(root, 'examples/webhook_examples');

let signed;   // a stack with the shipped settings
let unsigned; // one that ignores signatures
let receiver;
before(async () => {
    [signed, unsigned, receiver] = await Promise.all([Stack.start(),
        Stack.start({ conf: { VERIFY_WEBHOOK_SIGNATURES: 'false' } }),
        Receiver.start()]);
});
after(async () => {
    await receiver?.stop();
    await signed?.stop();
    await unsigned?.stop();
});

// Runs a documented command in the project's root; `from` is its address.
async function shell(stack, command, from) {
    const done = await run('/bin/sh', ['-c',
        command.replaceAll(from, stack.url).replace('curl ', 'curl -sS ')],
    { env: plainEnv(), cwd: root });
    assert.equal(done.code, 0, done.stderr);
    return done.stdout;
}

const local = 'http://localhost:8000';
const remote = 'https://your-api.com';

describe('curl commands of the documentation, unsigned', () => {
    test('a Supabase webhook from a file', async () => {
        const text = await shell(unsigned, `
curl -X POST \\
  ${local}/api/v1/webhooks/supabase \\
  -H "Content-Type: application/json" \\
  -d @examples/webhook_examples/supabase_webhook_payload.json`, local);
        const body = JSON.parse(text);
        const sent = JSON.parse(readFileSync(
            join(examples, 'supabase_webhook_payload.json')));
        assert.equal(body.status, 'accepted');
        assert.equal(body.message,
            'Webhook payload received and queued for processing');
        assert.deepEqual(body.details, { event_type: sent.event_type,
            source: 'supabase', record_id: sent.record_id,
            table_name: sent.table_name, timestamp: sent.timestamp });
    });

    test('a Notion webhook from a file', async () => {
        const text = await shell(unsigned, `
curl -X POST \\
  ${local}/api/v1/webhooks/notion \\
  -H "Content-Type: application/json" \\
  -d @examples/webhook_examples/notion_webhook_payload.json`, local);
        const sent = JSON.parse(readFileSync(
            join(examples, 'notion_webhook_payload.json')));
        assert.deepEqual(JSON.parse(text).details, {
            event_type: sent.event_type, source: 'notion',
            record_id: sent.record_id, database_id: sent.table_name,
            timestamp: sent.timestamp });
    });

    test('a Supabase webhook written out', async () => {
        const text = await shell(unsigned, `
curl -X POST \\
  ${remote}/api/v1/webhooks/supabase \\
  -H "Content-Type: application/json" \\
  -d '{
    "event_type": "insert",
    "source": "supabase",
    "table_name": "users",
    "record_id": "test-123",
    "data": {"name": "Test User"},
    "timestamp": "2026-01-01T15:00:00Z"
  }'`, remote);
        assertGolden(text, 'receive_accepted_curl_supabase');
    });

    test('a Notion webhook written out', async () => {
        const text = await shell(unsigned, `
curl -X POST \\
  ${remote}/api/v1/webhooks/notion \\
  -H "Content-Type: application/json" \\
  -d '{
    "event_type": "update",
    "source": "notion",
    "table_name": "database-id",
    "record_id": "page-id",
    "data": {"properties": {}},
    "timestamp": "2026-01-01T15:00:00Z"
  }'`, remote);
        assertGolden(text, 'receive_accepted_curl_notion');
    });

    test('validating a payload', async () => {
        const text = await shell(unsigned, `
curl -X POST \\
  ${remote}/api/v1/webhooks/test \\
  -H "Content-Type: application/json" \\
  -d '{
    "event_type": "insert",
    "source": "supabase",
    "table_name": "test",
    "record_id": "123",
    "data": {}
  }'`, remote);
        const body = JSON.parse(text);
        assert.equal(body.status, 'valid');
        assert.equal(body.message, 'Webhook payload is valid');
        assert.equal(body.would_be_processed, true);
    });

    test('statistics', async () => {
        for (const from of [local, remote]) {
            const text = await shell(unsigned,
                `curl -X GET ${from}/api/v1/webhooks/stats`, from);
            assert.deepEqual(Object.keys(JSON.parse(text)), ['total_processed',
                'total_failed', 'total_retries', 'success_rate',
                'average_processing_time_seconds', 'events_by_type',
                'events_by_source']);
        }
    });

    test('under the shipped settings the same commands are refused with 401',
        async () => {
            const text = await shell(signed, `
curl -X POST \\
  ${local}/api/v1/webhooks/supabase \\
  -H "Content-Type: application/json" \\
  -d @examples/webhook_examples/supabase_webhook_payload.json`, local);
            assertGolden(text, 'receive_invalid_signature');
        });
});

describe('managing subscriptions with curl', () => {
    const host = 'https://api.notely.app';

    test('create, test, look at the deliveries', async () => {
        const place = receiver.place('webhook');
        const created = JSON.parse(await shell(signed, `
curl -X POST \\
  ${host}/api/webhooks \\
  -H "Authorization: Bearer ${signed.token}" \\
  -H "Content-Type: application/json" \\
  -d '{
    "url": "${place.url}",
    "event_types": ["email.received", "task.completed"],
    "description": "My webhook",
    "retry_count": 3,
    "timeout_seconds": 10
  }'`, host));
        assert.ok(created.secret);
        const tested = JSON.parse(await shell(signed,
            `curl -X POST \\
  ${host}/api/webhooks/${created.id}/test \\
  -H "Authorization: Bearer ${signed.token}"`, host));
        assert.equal(tested.status, 'success');
        await place.arrived(1);
        await trigger(signed, 'task.completed', { title: 'Write tests' });
        const request = await place.arrived(2);
        assert.equal(request.json.event_type, 'task.completed');
        await signed.drained();
        const list = JSON.parse(await shell(signed,
            `curl ${host}/api/webhooks/${created.id}/deliveries \\
  -H "Authorization: Bearer ${signed.token}"`, host));
        assert.equal(list.length, 1);
        assert.equal(list[0].status, 'success');
    });

    test('testing a URL that nobody has registered', async () => {
        const place = receiver.place('post');
        const text = await shell(signed, `
curl -X POST \\
  ${local}/api/webhooks/test \\
  -H "Content-Type: application/json" \\
  -H "Authorization: Bearer ${signed.token}" \\
  -d '{
    "url": "${place.url}",
    "event": "test.ping",
    "data": {"test": true}
  }'`, local);
        assert.equal(JSON.parse(text).status, 'success');
        const request = await place.arrived(1);
        assert.equal(request.json.event, 'test.ping');
    });
});

describe('send.sh', () => {
    const script = join(examples, 'send.sh');
    const env = () => plainEnv({ POSTERN_URL: signed.url,
        SUPABASE_SECRET: signed.env.SUPABASE_SECRET,
        NOTION_SECRET: signed.env.NOTION_SECRET });

    test('signs and sends the example of each source', async () => {
        for (const source of ['supabase', 'notion']) {
            const done = await run(script, [source], { env: env() });
            assert.equal(done.code, 0, done.stdout + done.stderr);
            assert.match(done.stdout, /: 202\n/);
            assert.match(done.stdout, /"status":"accepted"/);
        }
    });

    test("sends what Supabase's dashboard hooks send", async () => {
        const files = readdirSync(examples).filter((name) =>
            name.startsWith('supabase_database_webhook_'));
        assert.equal(files.length, 3);
        const done = await run(script, ['supabase',
            ...files.map((name) => join(examples, name))], { env: env() });
        assert.equal(done.code, 0, done.stdout + done.stderr);
        assert.equal(done.stdout.match(/: 202\n/g).length, 3);
    });

    test('with a wrong secret it says 401 and ends with 1', async () => {
        const done = await run(script, ['--secret', 'wrong', 'supabase'],
            { env: env() });
        assert.equal(done.code, 1);
        assert.match(done.stdout, /: 401\n/);
    });
});

describe('a body of the examples', () => {
    test('trigger_event.json is a trigger', async () => {
        const place = receiver.place('trigger-example');
        await subscribe(signed, place.url, ['order.created']);
        const text = readFileSync(join(examples, 'trigger_event.json'));
        const answer = await signed.api().post('/api/events/trigger', text);
        assert.equal(answer.status, 202, answer.text);
        const request = await place.arrived(1);
        assert.ok(request.body.toString().includes('"amount":99.90'));
    });
});
