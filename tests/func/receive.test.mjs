// receive.test.mjs - inbound webhooks behind nginx: every documented answer,
// every field problem, statistics and the test endpoint.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertGolden, NUMBER, TIME } from './lib/golden.mjs';
import { request } from './lib/http.mjs';
import { eventOf, fresh, receiveCases, supabaseBody }
    from './lib/receive_cases.mjs';
import { Stack } from './lib/stack.mjs';
import { eventually } from './lib/wait.mjs';

let stack;
let statsAtStart;
before(async () => {
    stack = await Stack.start({ web: 'nginx' });
    statsAtStart = await stack.api().get('/api/v1/webhooks/stats');
});
after(() => stack?.stop());

receiveCases(() => stack);

const missing = (...loc) => ({ loc: ['body', ...loc], msg: 'field required',
    type: 'value_error.missing' });
const isNull = (...loc) => ({ loc: ['body', ...loc],
    msg: 'none is not an allowed value', type: 'type_error.none.not_allowed' });
const wrongType = (want, ...loc) => ({ loc: ['body', ...loc],
    msg: `${want} type expected`, type: `type_error.${want}` });

const notObject = { loc: ['body'], msg: 'value is not a valid dict',
    type: 'type_error.dict' };

// A documented body without some of its fields.
function without(...names) {
    const body = fresh();
    for (const name of names)
        delete body[name];
    return body;
}

describe('field problems', () => {
    const cases = [
        ['a missing event_type', without('event_type'),
            [missing('event_type')]],
        ['a missing source', without('source'), [missing('source')]],
        ['a missing table_name', without('table_name'),
            [missing('table_name')]],
        ['a missing record_id', without('record_id'), [missing('record_id')]],
        ['missing data of an insert', without('data'), [missing('data')]],
        ['missing data of an update',
            { ...without('data'), event_type: 'update' }, [missing('data')]],
        ['a delete without record_id',
            { ...without('record_id', 'data'), event_type: 'delete' },
            [missing('record_id')]],
        ['a null event_type', fresh({ event_type: null }),
            [isNull('event_type')]],
        ['a null source', fresh({ source: null }), [isNull('source')]],
        ['a null table_name', fresh({ table_name: null }),
            [isNull('table_name')]],
        ['a null record_id', fresh({ record_id: null }),
            [isNull('record_id')]],
        ['null data of an insert', fresh({ data: null }), [isNull('data')]],
        ['a number as event_type', fresh({ event_type: 1 }),
            [wrongType('str', 'event_type')]],
        ['a number as source', fresh({ source: 1 }),
            [wrongType('str', 'source')]],
        ['a list as table_name', fresh({ table_name: [] }),
            [wrongType('str', 'table_name')]],
        ['true as record_id', fresh({ record_id: true }),
            [wrongType('str', 'record_id')]],
        ['an object as record_id', fresh({ record_id: {} }),
            [wrongType('str', 'record_id')]],
        ['a string as data', fresh({ data: 'x' }),
            [wrongType('dict', 'data')]],
        ['a list as data', fresh({ data: [1] }), [wrongType('dict', 'data')]],
        ['a list as metadata', fresh({ metadata: [] }),
            [wrongType('dict', 'metadata')]],
        ['several problems at once, in field order',
            { metadata: 'x', data: null, table_name: 5, event_type: 'insert',
                source: 'supabase' },
            [wrongType('str', 'table_name'), missing('record_id'),
                isNull('data'), wrongType('dict', 'metadata')]],
        ['an unknown event_type', fresh({ event_type: 'upsert' }), [{
            loc: ['body', 'event_type'],
            msg: "value is not a valid enumeration member; permitted: " +
                "'insert', 'update', 'delete'",
            type: 'type_error.enum',
        }]],
        ['a time that is none', fresh({ timestamp: 'yesterday' }), [{
            loc: ['body', 'timestamp'], msg: 'invalid datetime format',
            type: 'value_error.datetime',
        }]],
        ['an object without any field', {}, [missing('event_type'),
            missing('source'), missing('table_name'), missing('record_id'),
            missing('data')]],
        ['a list as body', [], [notObject]],
        ['a string as body', '"text"', [notObject]],
    ];
    for (const [name, body, detail] of cases) {
        test(`${name} is 422 and says so`, async () => {
            const answer = await stack.receive('supabase', body);
            assert.equal(answer.status, 422, answer.text);
            assert.match(answer.headers['x-request-id'], /^req_[0-9a-z]+$/);
            assert.equal(answer.text, JSON.stringify({ detail }));
        });
    }

    test('the documented 422 is a golden body', async () => {
        const answer = await stack.receive('supabase', without('record_id'));
        assertGolden(answer.body, 'receive_validation_error');
    });

    test('an empty record_id is refused', async () => {
        const answer = await stack.receive('supabase',
            fresh({ record_id: '' }));
        assert.equal(answer.status, 422, answer.text);
        assert.deepEqual(answer.json.detail[0].loc, ['body', 'record_id']);
    });

    test('a record_id or table name that is too long is refused, not cut',
        async () => {
            for (const [field, length] of [['record_id', 256],
                ['table_name', 129]]) {
                const answer = await stack.receive('supabase',
                    fresh({ [field]: 'x'.repeat(length) }));
                assert.equal(answer.status, 422, answer.text);
                assert.deepEqual(answer.json.detail[0].loc, ['body', field]);
            }
        });

    test('a record_id with NUL in it is refused, not cut', async () => {
        const answer = await stack.receive('supabase',
            fresh({ record_id: 'a\u0000b' }));
        assert.equal(answer.status, 422, answer.text);
        assert.deepEqual(answer.json.detail[0].loc, ['body', 'record_id']);
    });

    test("Supabase's own body without table or record is 422", async () => {
        for (const body of [
            { type: 'INSERT', schema: 'public', record: { id: 1 },
                old_record: null },
            { type: 'INSERT', table: 'users', schema: 'public', record: null,
                old_record: null },
            { type: 'DELETE', table: 'users', schema: 'public', record: null,
                old_record: null },
            { type: 'INSERT', table: 'users', schema: 'public',
                record: { name: 'no id' }, old_record: null },
            { type: 'TRUNCATE', table: 'users', schema: 'public', record: null,
                old_record: null },
        ]) {
            const answer = await stack.receive('supabase', body);
            assert.equal(answer.status, 422,
                `${JSON.stringify(body)}: ${answer.text}`);
            assert.ok(Array.isArray(answer.json.detail), answer.text);
        }
    });
});

describe('what is not JSON', () => {
    // [what, body, offset of the first wrong byte or null where several
    // readings are right]
    const nested = (depth) => '{"event_type":"insert","source":"supabase",' +
        '"table_name":"deep","record_id":"deep-' + depth + '","data":{"a":' +
        '['.repeat(depth - 2) + ']'.repeat(depth - 2) + '}}';
    const cases = [
        ['nothing at all', '', 0],
        ['white space only', '  \n ', null],
        ['an unfinished object', '{"event_type": "insert"', 23],
        ['a single quote', "{'event_type': 'insert'}", 1],
        ['NaN', '{"data": NaN}', 9],
        ['Infinity', '{"data": -Infinity}', null],
        ['a trailing comma', '{"data": 1,}', 11],
        ['a comment', '{"data": 1} // x', 12],
        ['two values', '{} {}', 3],
        ['a leading zero', '{"data": 01}', 10],
        ['a lone minus', '{"data": -}', null],
        ['TRUE in capitals', '{"data": TRUE}', 9],
        ['a raw newline in a string', '{"data": "a\nb"}', 11],
        ['a NUL byte in a string', '{"data": "a\u0000b"}', 11],
        ['a NUL byte after the value', '{}\u0000', 2],
        ['a broken escape', '{"data": "\\x41"}', null],
        ['a lone surrogate escape', '{"data": "\\ud800"}', null],
        ['an overlong encoding', Buffer.from('{"data": "\xc0\xaf"}', 'latin1'),
            10],
        ['a surrogate in UTF-8',
            Buffer.from('{"data": "\xed\xa0\x80"}', 'latin1'), 10],
        ['a byte that never occurs in UTF-8',
            Buffer.from('{"data": "\xff"}', 'latin1'), 10],
        ['UTF-16', Buffer.from('{"data": 1}', 'utf16le'), null],
        ['a byte order mark', '\ufeff{}', 0],
        ['the same field twice', '{"data": {}, "data": {}}', null],
        ['the same field twice, once escaped',
            '{"data": {}, "\\u0064ata": {}}', null],
        ['65 levels', nested(65), null],
    ];
    for (const [name, body, offset] of cases) {
        test(`${name} is 422 with its offset`, async () => {
            const answer = await stack.receive('supabase', Buffer.from(body));
            assert.equal(answer.status, 422, answer.text);
            const { detail } = answer.json;
            assert.equal(detail.length, 1, answer.text);
            assert.equal(detail[0].type, 'value_error.jsondecode');
            assert.equal(detail[0].loc[0], 'body');
            assert.equal(typeof detail[0].loc[1], 'number');
            assert.equal(detail[0].loc.length, 2);
            if (offset !== null)
                assert.equal(detail[0].loc[1], offset, answer.text);
        });
    }

    test('broken JSON is a golden body', async () => {
        const answer = await stack.receive('supabase', '{"data": NaN}');
        assertGolden(answer.body, 'receive_broken_json');
    });

    test('64 levels are taken', async () => {
        const answer = await stack.receive('supabase', nested(64));
        assert.equal(answer.status, 202, answer.text);
    });

    test('the same name twice further down is the business of others',
        async () => {
            const body = fresh();
            const text = JSON.stringify(body).replace('"data":{',
                '"data":{"x":1,"x":2,');
            const answer = await stack.receive('supabase', text);
            assert.equal(answer.status, 202, answer.text);
            const [event] = await eventOf(stack, body.record_id);
            assert.equal(event.payload.toString('utf8'), text);
        });
});

describe('paths and methods', () => {
    test('an unknown path is 404', async () => {
        for (const path of ['/nope', '/api', '/api/nope', '/api/v1/nope']) {
            const answer = await request(stack.url, 'GET', path);
            assert.equal(answer.status, 404, `${path}: ${answer.text}`);
            assertGolden(answer.body, 'api_not_found');
            assert.match(answer.headers['x-request-id'], /^req_[0-9a-z]+$/);
        }
    });

    test('paths that try to climb out are refused', async () => {
        for (const path of ['/../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd',
            '/api/webhooks/%00', '/api/%zz', '/api/%ff%fe']) {
            const answer = await request(stack.url, 'GET', path);
            assert.ok(answer.status >= 400 && answer.status < 500,
                `${path}: ${answer.status}`);
            assert.ok(!answer.text.includes('root:'));
        }
    });

    test('an X-Request-Id stands in the log line of its request', async () => {
        const body = JSON.stringify(fresh());
        const answer = await stack.receive('supabase', body,
            { 'X-Webhook-Signature': '0'.repeat(64) });
        assert.equal(answer.status, 401);
        const id = answer.headers['x-request-id'];
        await eventually(`${id} is in a log`, () => stack.logs().includes(id));
    });

    test('a request id of the client is not echoed', async () => {
        const answer = await request(stack.url, 'GET', '/health',
            { headers: { 'X-Request-Id': 'mine' } });
        assert.match(answer.headers['x-request-id'], /^req_[0-9a-z]+$/);
    });

    test('no answer and no log line tells a secret', async () => {
        const logs = stack.logs();
        for (const name of ['SUPABASE_SECRET', 'NOTION_SECRET',
            'POSTERN_ADMIN_TOKEN'])
            assert.ok(!logs.includes(stack.env[name]), name);
    });
});

describe('health', () => {
    test('/health tells queue, figures and the worker', async () => {
        const answer = await request(stack.url, 'GET', '/health');
        assert.equal(answer.status, 200, answer.text);
        assertGolden(answer.body, 'health', { queue: NUMBER,
            received: NUMBER, processed: NUMBER, failed: NUMBER, p50: NUMBER,
            p95: NUMBER, p99: NUMBER, last: `(?:null|"${TIME}")`, seen: NUMBER,
            schema: NUMBER, version: '\\d+\\.\\d+\\.\\d+' });
    });

    test('/health/live only says that a responder answers', async () => {
        const answer = await request(stack.url, 'GET', '/health/live');
        assert.equal(answer.status, 200, answer.text);
        assertGolden(answer.body, 'health_live');
    });
});

describe('the test endpoint', () => {
    const path = '/api/v1/webhooks/test';

    test('the documented body is valid and would be processed', async () => {
        const events = await stack.sql.count('SELECT COUNT(*) FROM events');
        const answer = await request(stack.url, 'POST', path, { body: {
            event_type: 'insert', source: 'supabase', table_name: 'test_table',
            record_id: 'test-123', data: { test: 'data' } } });
        assert.equal(answer.status, 200, answer.text);
        assertGolden(answer.body, 'receive_test_valid', { time: TIME });
        assert.equal(await stack.sql.count('SELECT COUNT(*) FROM events'),
            events, 'nothing is written');
    });

    test('an invalid body is the 422 of the receivers', async () => {
        const answer = await request(stack.url, 'POST', path,
            { body: without('record_id') });
        assert.equal(answer.status, 422, answer.text);
        assert.equal(answer.text,
            JSON.stringify({ detail: [missing('record_id')] }));
    });

    test('a Notion body is recognised by its source', async () => {
        const answer = await request(stack.url, 'POST', path, { body: {
            ...supabaseBody, source: 'notion' } });
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.json.status, 'valid');
    });

    test('GET is 405', async () => {
        const answer = await request(stack.url, 'GET', path);
        assert.equal(answer.status, 405, answer.text);
        assert.match(answer.headers.allow, /\bPOST\b/);
    });
});

describe('statistics', () => {
    const path = '/api/v1/webhooks/stats';

    // What is answered may be a second old: until it has all that was
    // processed.
    async function statsNow() {
        const ended = await stack.sql.count('SELECT COUNT(*) FROM deliveries ' +
            'WHERE kind = 2 AND status IN (?, ?)', ['success', 'failed']);
        return eventually(`${ended} events are in the statistics`,
            async () => {
                const answer = await request(stack.url, 'GET', path);
                const { total_processed, total_failed } = answer.json;
                return total_processed + total_failed === ended && answer;
            });
    }

    test('before anything happened the rate is 1.0', () => {
        assert.equal(statsAtStart.status, 200, statsAtStart.text);
        assertGolden(statsAtStart.body, 'receive_stats_empty');
    });

    test('they are open, with and without a trailing slash, for GET and HEAD',
        async () => {
            for (const p of [path, `${path}/`]) {
                const got = await request(stack.url, 'GET', p);
                assert.equal(got.status, 200, got.text);
                const head = await request(stack.url, 'HEAD', p);
                assert.equal(head.status, 200);
                assert.equal(head.body.length, 0);
            }
        });

    test('known traffic is counted by action and source, and adds up',
        async () => {
            await stack.drained();
            const earlier = (await statsNow()).json;
            const sends = [['insert', 3], ['update', 2], ['delete', 1]];
            for (const [event_type, n] of sends)
                for (let i = 0; i < n; i++)
                    assert.equal((await stack.receive('supabase',
                        fresh({ event_type }))).status, 202);
            const notion = await stack.receive('notion',
                fresh({ source: 'notion', event_type: 'update' }));
            assert.equal(notion.status, 202, notion.text);
            await stack.drained();

            const answer = await statsNow();
            assertGolden(answer.body, 'receive_stats', {
                n: NUMBER, failed: NUMBER, retries: NUMBER,
                rate: '[01]\\.\\d{1,3}', time: '\\d+\\.\\d+',
                insert: NUMBER, update: NUMBER, delete: NUMBER,
                supabase: NUMBER, notion: NUMBER,
            });
            const now = answer.json;
            const grown = (map, name) =>
                (now[map][name] ?? 0) - (earlier[map][name] ?? 0);
            assert.equal(now.total_processed - earlier.total_processed, 7);
            assert.equal(now.total_failed, earlier.total_failed);
            assert.equal(grown('events_by_type', 'insert'), 3);
            assert.equal(grown('events_by_type', 'update'), 3);
            assert.equal(grown('events_by_type', 'delete'), 1);
            assert.equal(grown('events_by_source', 'supabase'), 6);
            assert.equal(grown('events_by_source', 'notion'), 1);

            const sum = (map) => Object.values(map)
                .reduce((a, b) => a + b, 0);
            const finished = now.total_processed + now.total_failed;
            assert.equal(sum(now.events_by_type), finished);
            assert.equal(sum(now.events_by_source), finished);
            assert.equal(now.success_rate,
                Math.round(now.total_processed / finished * 1000) / 1000);
        });
});
