// settings.test.mjs - a stack with other settings than the shipped ones:
// unsigned webhooks, JSON log, closed statistics, https only, no private
// targets.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { changeConfig, deliveriesOf, trigger } from './lib/gateway.mjs';
import { assertGolden } from './lib/golden.mjs';
import { request } from './lib/http.mjs';
import { Receiver } from './lib/receiver.mjs';
import { eventOf, fresh, notionBody, supabaseBody }
    from './lib/receive_cases.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

let stack;
let receiver;
before(async () => {
    [stack, receiver] = await Promise.all([Stack.start({ conf: {
        VERIFY_WEBHOOK_SIGNATURES: 'false',
        log_format: 'json',
        allow_targets: '',
        require_https: 'yes',
        public_stats: 'no',
        max_body: '10000',
    } }), Receiver.start()]);
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

describe('VERIFY_WEBHOOK_SIGNATURES=false', () => {
    test('the documented bodies are accepted as they stand', async () => {
        const supabase = await stack.receive('supabase', supabaseBody, {});
        assert.equal(supabase.status, 202, supabase.text);
        assertGolden(supabase.body, 'receive_accepted_supabase');
        const notion = await stack.receive('notion', notionBody, {});
        assert.equal(notion.status, 202, notion.text);
        assertGolden(notion.body, 'receive_accepted_notion');
    });

    test('an event without a signature is marked as not verified',
        async () => {
            const body = fresh();
            await stack.receive('supabase', body, {});
            const [event] = await eventOf(stack, body.record_id);
            assert.equal(Number(event.verified), 0);
        });

    test('a wrong signature is ignored too', async () => {
        const answer = await stack.receive('supabase', fresh(),
            { 'X-Webhook-Signature': 'nonsense' });
        assert.equal(answer.status, 202, answer.text);
    });

    test('everything else about a body is still checked', async () => {
        const answer = await stack.receive('supabase', '{"event_type":', {});
        assert.equal(answer.status, 422, answer.text);
    });
});

describe('other settings', () => {
    test('with public_stats = no statistics need a token', async () => {
        for (const [method, path] of [['GET', '/api/v1/webhooks/stats'],
            ['POST', '/api/v1/webhooks/test']]) {
            const body = method === 'POST' ? supabaseBody : undefined;
            const closed = await request(stack.url, method, path, { body });
            assert.equal(closed.status, 401, closed.text);
            const open = await request(stack.url, method, path,
                { body, token: stack.token });
            assert.equal(open.status, 200, open.text);
        }
    });

    test('max_body moves the limit', async () => {
        const pad = (length) => fresh({ data: { pad: 'x'.repeat(length) } });
        const small = await stack.receive('supabase', pad(9000), {});
        assert.equal(small.status, 202, small.text);
        const large = await stack.receive('supabase', pad(10_000), {});
        assert.equal(large.status, 413, large.text);
    });

    test('log_format = json writes one JSON object per line', async () => {
        await stack.receive('supabase', fresh({ record_id: 'json-log' }), {});
        const lines = () => stack.logs().split('\n')
            .filter((text) => text.startsWith('{'))
            .map((text) => JSON.parse(text))
            .filter((one) => one.logger === 'webhook_handlers');
        const line = await eventually('the line of the start', () =>
            lines().find(({ message }) => message === 'Starting webhook ' +
                'processing: supabase/insert for record json-log'));
        await eventually('a line of the end', () => lines().some(
            ({ message }) => message.startsWith(
                'Webhook processed successfully in ')));
        assert.equal(line.level, 'INFO');
        assert.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    });

    test('require_https refuses http', async () => {
        const answer = await stack.api().post('/api/webhooks',
            { url: 'http://example.com/hook', events: ['*'] });
        assert.equal(answer.status, 422, answer.text);
        assert.deepEqual(answer.json.detail[0].loc, ['body', 'url']);
    });
});

describe('no private targets', () => {
    const refused = ['https://127.0.0.1/', 'https://localhost/',
        'https://localhost:8443/x', 'https://[::1]/', 'https://10.1.2.3/',
        'https://172.16.0.1/', 'https://192.168.1.1/',
        'https://169.254.169.254/latest/meta-data/', 'https://100.64.0.1/',
        'https://0.0.0.0/', 'https://[::ffff:127.0.0.1]/',
        'https://[fd00:ec2::254]/', 'https://[64:ff9b::7f00:1]/',
        'https://0x7f.1/', 'https://2130706433/', 'https://0177.0.0.1/',
        'https://127.1/', 'https://user:pass@example.com/',
        'https://example.com/#fragment', 'https://exa mple.com/',
        'ftp://example.com/', 'file:///etc/passwd', 'gopher://example.com/',
        '//example.com/', 'example.com', ''];
    for (const url of refused) {
        test(`${JSON.stringify(url)} is refused at creation`, async () => {
            const answer = await stack.api().post('/api/webhooks',
                { url, events: ['*'] });
            assert.equal(answer.status, 422, answer.text);
            assert.deepEqual(answer.json.detail[0].loc, ['body', 'url']);
        });
    }

    test('a public URL is taken', async () => {
        const answer = await stack.api().post('/api/webhooks',
            { url: 'https://example.com:8443/hook?x=1', events: ['none'] });
        assert.equal(answer.status, 201, answer.text);
    });

    test('a name that turns out to be private is blocked when connecting',
        async () => {
            const place = receiver.place('rebound');
            const created = await stack.api().post('/api/webhooks', {
                url: 'https://example.com/', events: ['rebound'],
                retry_count: 0 });
            assert.equal(created.status, 201, created.text);
            for (const host of ['localhost', '127.0.0.1']) {
                await changeConfig(stack, 'UPDATE subscriptions SET url = ?, ' +
                    'config_version = {version} WHERE id = ?',
                [`http://${host}:${receiver.port}/rebound`, created.json.id]);
                const { event_id } = await trigger(stack, 'rebound', {});
                const [row] = await eventually('the delivery is over',
                    async () => {
                        const rows = await deliveriesOf(stack, event_id);
                        return rows[0]?.status === 'failed' && rows;
                    });
                assert.equal(row.response_code, null);
                const [archived] = await stack.sql.rows(
                    'SELECT error_class FROM deliveries ' +
                    'WHERE owner_id = ? ORDER BY id DESC LIMIT 1',
                    [created.json.id]);
                assert.equal(archived.error_class, 'blocked');
            }
            assert.equal(place.requests.length, 0);
        });

    test('an ad-hoc test of a private URL is refused', async () => {
        const answer = await stack.api().post('/api/webhooks/test',
            { url: `https://127.0.0.1:${receiver.port}/x`,
                event: 'test.ping', data: {} });
        assert.equal(answer.status, 422, answer.text);
    });
});
