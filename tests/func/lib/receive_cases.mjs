// receive_cases.mjs - what every web server in front must let through or
// refuse: the same claims run behind nginx and behind Apache with mod_fcgid.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertGolden, TIME } from './golden.mjs';
import { rawExchange, request } from './http.mjs';
import { hexSignature, signed } from './sign.mjs';
import { eventually, pause } from './wait.mjs';

export const MAX_BODY = 102_400;

// The documented bodies.
export const supabaseBody = {
    event_type: 'insert',
    source: 'supabase',
    table_name: 'users',
    record_id: '123e4567-e89b-12d3-a456-426614174000',
    data: {
        id: '123e4567-e89b-12d3-a456-426614174000',
        name: 'John Doe',
        email: 'john@example.com',
        created_at: '2026-01-01T15:00:00Z',
    },
    timestamp: '2026-01-01T15:00:00Z',
    metadata: { schema: 'public' },
};

export const notionBody = {
    event_type: 'update',
    source: 'notion',
    table_name: 'e8d4b0a1c7f24a9e8f2d5c3b1a6e9f4d',
    record_id: 'a1b2c3d4-e5f6-7890-abcd-ef1234567890',
    data: {
        properties: {
            Name: { type: 'title', title: [{ plain_text: 'Project Alpha' }] },
            Status: { type: 'select', select: { name: 'In Progress' } },
        },
    },
    timestamp: '2026-01-01T15:00:00Z',
};

let serial = 0;

// A body like supabaseBody with a record of its own.
export function fresh(changes = {}) {
    serial += 1;
    return { ...supabaseBody, record_id: `case-${process.pid}-${serial}`,
        ...changes };
}

// Text of a valid body that is exactly `bytes` long.
export function bodyOfSize(bytes) {
    const body = fresh();
    body.data = { pad: '' };
    body.data.pad = 'x'.repeat(bytes - Buffer.byteLength(JSON.stringify(body)));
    const text = JSON.stringify(body);
    assert.equal(Buffer.byteLength(text), bytes);
    return text;
}

// An HTTP/1.1 request as bytes, with the headers in this order.
export function rawRequest(path, headers, body = '', method = 'POST') {
    const head = [`${method} ${path} HTTP/1.1`, 'Host: localhost',
        'Connection: close', ...headers, '', ''].join('\r\n');
    return Buffer.concat([Buffer.from(head), Buffer.from(body)]);
}

export async function eventOf(stack, recordId) {
    const rows = await stack.sql.rows(
        "SELECT * FROM events WHERE JSON_VALUE(payload, '$.record_id') = ?",
        [recordId]);
    return rows;
}

// stack() gives the stack under test once it runs.
export function receiveCases(stack) {
    const post = (source, body, headers, options) =>
        stack().receive(source, body, headers, options);
    const secret = () => stack().env.SUPABASE_SECRET;

    async function stillServes() {
        const answer = await post('supabase', fresh());
        assert.equal(answer.status, 202, answer.text);
    }

    // What the web server refuses by itself has a request id of its making.
    function assertError(answer, status, golden, placeholders) {
        assert.equal(answer.status, status, answer.text);
        assert.match(answer.headers['content-type'] ?? '',
            /^application\/json\b/);
        assert.match(answer.headers['x-request-id'] ?? '',
            golden.startsWith('web_') ? /^req_[\w@-]+$/ : /^req_[0-9a-z]+$/);
        return assertGolden(answer.body, golden, placeholders);
    }

    describe('accepting', () => {
        test('the documented Supabase body is answered with the documented 202',
            async () => {
                const answer = await post('supabase', supabaseBody);
                assert.equal(answer.status, 202, answer.text);
                assert.match(answer.headers['content-type'],
                    /^application\/json\b/);
                assert.match(answer.headers['x-request-id'],
                    /^req_[0-9a-z]+$/);
                assertGolden(answer.body, 'receive_accepted_supabase');
            });

        test('the documented Notion body is answered with database_id',
            async () => {
                const answer = await post('notion', notionBody);
                assert.equal(answer.status, 202, answer.text);
                assertGolden(answer.body, 'receive_accepted_notion');
            });

        test("Notion's own signature header is taken for the notion source",
            async () => {
                const body = JSON.stringify(notionBody);
                const answer = await post('notion', body, {
                    'X-Notion-Signature': 'sha256=' + hexSignature(
                        stack().env.NOTION_SECRET, body),
                });
                assert.equal(answer.status, 202, answer.text);
            });

        test("Supabase's own INSERT is normalised to the documented answer",
            async () => {
                const answer = await post('supabase',
                    '{"type": "INSERT", "table": "users", "record": ' +
                    '{"id": 9007199254740993, "name": "Zoë \\"q\\" \\\\ / é 😀", ' +
                    '"amount": 12.50}, "schema": "public", ' +
                    '"old_record": null}');
                assert.equal(answer.status, 202, answer.text);
                assertGolden(answer.body, 'receive_accepted_supabase_native',
                    { time: TIME });
            });

        test("Supabase's own DELETE takes the record id from old_record",
            async () => {
                const answer = await post('supabase', { type: 'DELETE',
                    table: 'users', record: null, schema: 'public',
                    old_record: { id: 41, name: 'Gone' } });
                assert.equal(answer.status, 202, answer.text);
                assert.equal(answer.json.details.event_type, 'delete');
                assert.equal(answer.json.details.record_id, '41');
            });

        test('the signature may carry the prefix sha256=', async () => {
            const body = JSON.stringify(fresh());
            const answer = await post('supabase', body,
                signed(secret(), body, 'sha256='));
            assert.equal(answer.status, 202, answer.text);
        });

        test('event_type is taken in any letter case', async () => {
            for (const word of ['INSERT', 'Update', 'dElEtE']) {
                const answer = await post('supabase',
                    fresh({ event_type: word }));
                assert.equal(answer.status, 202, answer.text);
                assert.equal(answer.json.details.event_type,
                    word.toLowerCase());
            }
        });

        test('a numeric record_id is answered as a string with its digits',
            async () => {
                const text = JSON.stringify(fresh({ record_id: 'HERE' }))
                    .replace('"HERE"', '9007199254740993');
                const answer = await post('supabase', text);
                assert.equal(answer.status, 202, answer.text);
                assert.equal(answer.json.details.record_id,
                    '9007199254740993');
            });

        test('a delete needs no data', async () => {
            const body = fresh({ event_type: 'delete' });
            delete body.data;
            const answer = await post('supabase', body);
            assert.equal(answer.status, 202, answer.text);
        });

        test('a missing timestamp is the time of arrival', async () => {
            const body = fresh();
            delete body.timestamp;
            const before = Date.now();
            const answer = await post('supabase', body);
            const after = Date.now();
            assert.equal(answer.status, 202, answer.text);
            const { timestamp } = answer.json.details;
            assert.match(timestamp, new RegExp(`^${TIME}$`));
            assert.ok(Date.parse(timestamp) >= before - 1000 &&
                Date.parse(timestamp) <= after + 1000, timestamp);
        });

        test("PostgreSQL's time format is taken and answered in RFC 3339",
            async () => {
                const answer = await post('supabase',
                    fresh({ timestamp: '2026-01-01 17:00:00+02' }));
                assert.equal(answer.status, 202, answer.text);
                assert.equal(answer.json.details.timestamp,
                    '2026-01-01T15:00:00Z');
            });

        test('unknown fields are ignored', async () => {
            const answer = await post('supabase',
                fresh({ commit_timestamp: 'x', columns: [1] }));
            assert.equal(answer.status, 202, answer.text);
        });

        test('a path with a trailing slash is the same path', async () => {
            const body = JSON.stringify(fresh());
            const answer = await request(stack().url, 'POST',
                '/api/v1/webhooks/supabase/',
                { body, headers: signed(secret(), body) });
            assert.equal(answer.status, 202, answer.text);
        });

        test('a charset in Content-Type does no harm', async () => {
            const body = JSON.stringify(fresh());
            const answer = await post('supabase', body, {
                ...signed(secret(), body),
                'Content-Type': 'application/json; charset=utf-8',
            });
            assert.equal(answer.status, 202, answer.text);
        });

        test('numbers of any size survive digit for digit in events.payload',
            async () => {
                const body = fresh();
                const text = JSON.stringify(body).replace('"data":{',
                    '"data": { "n": 123456789012345678901234567890,\n' +
                    '"a": 1.10, "b": -0, "c": 1E400, ' +
                    '"d": 0.1000000000000000055511151231257827, ');
                const answer = await post('supabase', text);
                assert.equal(answer.status, 202, answer.text);
                const [event] = await eventOf(stack(), body.record_id);
                const stored = event.payload.toString('utf8');
                assert.ok(stored.includes(
                    '"n":123456789012345678901234567890,"a":1.10,"b":-0,' +
                    '"c":1E400,"d":0.1000000000000000055511151231257827,'),
                stored);
            });

        test('strings keep their escapes, accents and emoji byte for byte',
            async () => {
                const body = fresh();
                const inner = '"s":"\\u00e9\\/é😀\\ud83d\\ude00 a  b\\u0000",';
                const text = JSON.stringify(body).replace('"data":{',
                    `"data":{${inner}`);
                const answer = await post('supabase', text);
                assert.equal(answer.status, 202, answer.text);
                const [event] = await eventOf(stack(), body.record_id);
                assert.equal(event.payload.toString('utf8'), text);
            });

        test('an event is stored once, verified, in its application',
            async () => {
                const body = fresh();
                const answer = await post('supabase', body);
                assert.equal(answer.status, 202, answer.text);
                const events = await eventOf(stack(), body.record_id);
                assert.equal(events.length, 1);
                assert.equal(events[0].type, 'supabase.users.insert');
                assert.equal(Number(events[0].verified), 1);
                assert.equal(Number(events[0].application_id), 1);
                assert.equal(events[0].payload.toString('utf8'),
                    JSON.stringify(body));
            });
    });

    describe('refusing', () => {
        test('the wrong source at the Supabase path is the documented 400',
            async () => {
                const body = JSON.stringify(fresh({ source: 'notion' }));
                const answer = await post('supabase', body);
                assertError(answer, 400, 'receive_invalid_source_supabase');
            });

        test('the wrong source at the Notion path is the documented 400',
            async () => {
                const answer = await post('notion',
                    { ...notionBody, source: 'supabase' });
                assertError(answer, 400, 'receive_invalid_source_notion');
            });

        const forged = (body) => signed('another secret', body);
        const unsignedHeaders = {
            'without a signature': () => ({}),
            'with a signature made with another secret': forged,
            'with an empty signature': () => ({ 'X-Webhook-Signature': '' }),
            'with a signature that is cut short': (body) => ({
                'X-Webhook-Signature':
                    hexSignature(secret(), body).slice(0, 62),
            }),
            'with a signature that is longer': (body) => ({
                'X-Webhook-Signature': hexSignature(secret(), body) + '00',
            }),
            'with letters that are not hex': () => ({
                'X-Webhook-Signature': 'z'.repeat(64),
            }),
            'with the secret itself as signature': () => ({
                'X-Webhook-Signature': secret(),
            }),
            'with a signature over another body': (body) =>
                signed(secret(), body + ' '),
            'with another algorithm as prefix': (body) => ({
                'X-Webhook-Signature': 'sha1=' + hexSignature(secret(), body),
            }),
            'with only the header of another source': (body) => ({
                'X-Notion-Signature':
                    'sha256=' + hexSignature(secret(), body),
            }),
        };
        for (const [name, headers] of Object.entries(unsignedHeaders)) {
            test(`a body ${name} is the documented 401 and leaves nothing`,
                async () => {
                    const body = fresh();
                    const text = JSON.stringify(body);
                    const answer = await post('supabase', text, headers(text));
                    assertError(answer, 401, 'receive_invalid_signature');
                    assert.deepEqual(
                        await eventOf(stack(), body.record_id), []);
                });
        }

        test('headers of two schemes at once are 401 though both are right',
            async () => {
                const body = JSON.stringify(notionBody);
                const mac = hexSignature(stack().env.NOTION_SECRET, body);
                const answer = await post('notion', body, {
                    'X-Webhook-Signature': mac,
                    'X-Notion-Signature': `sha256=${mac}`,
                });
                assertError(answer, 401, 'receive_invalid_signature');
            });

        for (const [name, right] of [
            ['the first is forged', [false, true]],
            ['the second is forged', [true, false]],
            ['both are right', [true, true]],
        ])
            test(`two signature headers of which ${name} are 401`,
                async () => {
                    const body = JSON.stringify(fresh());
                    const answer = await rawExchange(stack().url, [rawRequest(
                        '/api/v1/webhooks/supabase', [
                            'Content-Type: application/json',
                            `Content-Length: ${Buffer.byteLength(body)}`,
                            ...right.map((one) => 'X-Webhook-Signature: ' +
                                (one ? hexSignature(secret(), body)
                                    : '0'.repeat(64))),
                        ], body)]);
                    assertError(answer, 401, 'receive_invalid_signature');
                });

        test('the signature is judged before the body: forged rubbish is 401',
            async () => {
                const answer = await post('supabase', '{"broken',
                    forged('{"broken'));
                assertError(answer, 401, 'receive_invalid_signature');
            });

        test('an unknown source is 404', async () => {
            const body = JSON.stringify(fresh());
            const answer = await request(stack().url, 'POST',
                '/api/v1/webhooks/nobody',
                { body, headers: signed(secret(), body) });
            assertError(answer, 404, 'receive_unknown_source');
        });

        test('a wrong method is 405 and names the right one', async () => {
            for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
                const answer = await request(stack().url, method,
                    '/api/v1/webhooks/supabase');
                assertError(answer, 405, 'receive_method_not_allowed');
                const allowed = answer.headers.allow.split(', ').sort();
                // GET is for sources whose provider asks by it.
                assert.deepEqual(allowed.filter((one) => method === 'GET' ||
                    !['GET', 'HEAD'].includes(one)), ['OPTIONS', 'POST']);
            }
        });

        test('a body that is not announced as JSON is 415', async () => {
            const body = JSON.stringify(fresh());
            for (const type of ['text/plain', 'application/xml',
                'application/x-www-form-urlencoded']) {
                const answer = await post('supabase', body,
                    { ...signed(secret(), body), 'Content-Type': type });
                assertError(answer, 415, 'receive_unsupported_media_type');
            }
        });

        test('102,400 bytes are taken', async () => {
            const answer = await post('supabase', bodyOfSize(MAX_BODY));
            assert.equal(answer.status, 202, answer.text);
        });

        for (const [size, name] of [[MAX_BODY + 1, '102,401 bytes'],
            [131_073, '131,073 bytes'], [1_100_000, '1.1 MB'],
            [30 << 20, '30 MB']]) {
            test(`${name} are the JSON 413 and the responder lives`,
                { timeout: 120_000 }, async () => {
                    const body = bodyOfSize(size);
                    const answer = await rawExchange(stack().url, [rawRequest(
                        '/api/v1/webhooks/supabase', [
                            'Content-Type: application/json',
                            `Content-Length: ${size}`,
                            'X-Webhook-Signature: ' +
                                hexSignature(secret(), body),
                        ], body)], 60_000);
                    assert.ok(answer, 'no answer at all');
                    // What no setting allows is refused by the web server.
                    assertError(answer, 413, size > 26 << 20
                        ? 'web_payload_too_large'
                        : 'receive_payload_too_large');
                    await stillServes();
                });
        }

        test('headers of 65,535 bytes are refused and the responder lives',
            async () => {
                const body = JSON.stringify(fresh());
                const answer = await rawExchange(stack().url, [rawRequest(
                    '/api/v1/webhooks/supabase', [
                        'Content-Type: application/json',
                        `Content-Length: ${Buffer.byteLength(body)}`,
                        'X-Webhook-Signature: ' + hexSignature(secret(), body),
                        `X-Filler: ${'f'.repeat(65_535)}`,
                    ], body)]);
                assert.ok(answer, 'no answer at all');
                assert.ok([400, 413, 431].includes(answer.status),
                    `${answer.status}: ${answer.text}`);
                await stillServes();
            });

        test('a signature header of 8,000 bytes is 401', async () => {
            const body = JSON.stringify(fresh());
            const answer = await post('supabase', body,
                { 'X-Webhook-Signature': 'a'.repeat(8000) });
            assert.ok([400, 401, 431].includes(answer.status),
                `${answer.status}: ${answer.text}`);
            await stillServes();
        });

        test('Accept: application/problem+json makes errors RFC 9457',
            async () => {
                const body = JSON.stringify(fresh());
                const answer = await post('supabase', body, {
                    ...forged(body), Accept: 'application/problem+json',
                });
                assert.equal(answer.status, 401);
                assert.match(answer.headers['content-type'],
                    /^application\/problem\+json\b/);
                assert.equal(answer.json.status, 401);
                assert.equal(typeof answer.json.title, 'string');
                assert.equal(typeof answer.json.type, 'string');
                assertGolden(answer.body, 'problem_json_invalid_signature',
                    { req: 'req_[0-9a-z]+' });
            });
    });

    describe('the way of the body', () => {
        const chunk = (text) =>
            `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

        test('a chunked body without a length is taken whole', async () => {
            const body = fresh();
            const text = JSON.stringify(body);
            const answer = await rawExchange(stack().url, [rawRequest(
                '/api/v1/webhooks/supabase', [
                    'Content-Type: application/json',
                    'Transfer-Encoding: chunked',
                    'X-Webhook-Signature: ' + hexSignature(secret(), text),
                ]), chunk(text.slice(0, 10)), chunk(text.slice(10, 200)),
            chunk(text.slice(200)), '0\r\n\r\n']);
            assert.equal(answer?.status, 202, answer?.text);
            const [event] = await eventOf(stack(), body.record_id);
            assert.equal(event.payload.toString('utf8'), text);
        });

        test('a chunked body that is too large is the JSON 413', async () => {
            const text = bodyOfSize(MAX_BODY + 1);
            const answer = await rawExchange(stack().url, [rawRequest(
                '/api/v1/webhooks/supabase', [
                    'Content-Type: application/json',
                    'Transfer-Encoding: chunked',
                    'X-Webhook-Signature: ' + hexSignature(secret(), text),
                ]), chunk(text), '0\r\n\r\n']);
            assert.ok(answer, 'no answer at all');
            assertError(answer, 413, 'receive_payload_too_large');
            await stillServes();
        });

        test('a slow client is served', async () => {
            const body = fresh();
            const text = JSON.stringify(body);
            const step = Math.ceil(text.length / 10);
            const pieces = [];
            for (let at = 0; at < text.length; at += step)
                pieces.push(() => pause(100), text.slice(at, at + step));
            const answer = await rawExchange(stack().url, [rawRequest(
                '/api/v1/webhooks/supabase', [
                    'Content-Type: application/json',
                    `Content-Length: ${Buffer.byteLength(text)}`,
                    'X-Webhook-Signature: ' + hexSignature(secret(), text),
                ]), ...pieces]);
            assert.equal(answer?.status, 202, answer?.text);
            assert.equal((await eventOf(stack(), body.record_id)).length, 1);
        });

        test('slow clients do not keep others waiting', async () => {
            const body = JSON.stringify(fresh());
            const slowOnes = Array.from({ length: 20 }, () => {
                let release;
                const released = new Promise((resolve) => {
                    release = resolve;
                });
                const exchange = rawExchange(stack().url, [rawRequest(
                    '/api/v1/webhooks/supabase', [
                        'Content-Type: application/json',
                        `Content-Length: ${Buffer.byteLength(body)}`,
                        'X-Webhook-Signature: ' + hexSignature(secret(), body),
                    ]), body.slice(0, 20), () => released, body.slice(20)]);
                return { exchange, release };
            });
            await stillServes();
            for (const { release } of slowOnes)
                release();
            for (const { exchange } of slowOnes)
                assert.equal((await exchange)?.status, 202);
        });

        test('a client that hangs up in mid-body leaves nothing behind',
            async () => {
                const body = fresh();
                const text = JSON.stringify(body);
                await rawExchange(stack().url, [rawRequest(
                    '/api/v1/webhooks/supabase', [
                        'Content-Type: application/json',
                        `Content-Length: ${Buffer.byteLength(text)}`,
                        'X-Webhook-Signature: ' + hexSignature(secret(), text),
                    ]), text.slice(0, 100), (socket) => {
                    socket.destroy();
                }]);
                await stillServes();
                assert.deepEqual(await eventOf(stack(), body.record_id), []);
            });

        test('a Content-Length of nonsense is refused and the responder lives',
            async () => {
                for (const length of ['-1', 'abc', '99999999999999999999']) {
                    const answer = await rawExchange(stack().url, [rawRequest(
                        '/api/v1/webhooks/supabase', [
                            'Content-Type: application/json',
                            `Content-Length: ${length}`], '{}')]);
                    assert.ok(answer === null ||
                        (answer.status >= 400 && answer.status < 500),
                    `${length}: ${answer?.status}`);
                }
                await stillServes();
            });

        test('HEAD and GET of /health are open and answer alike', async () => {
            const got = await request(stack().url, 'GET', '/health');
            assert.equal(got.status, 200, got.text);
            const head = await request(stack().url, 'HEAD', '/health');
            assert.equal(head.status, 200);
            assert.equal(head.body.length, 0);
            assert.equal(head.headers['content-type'],
                got.headers['content-type']);
        });

        test('a token in Authorization arrives, as does X-API-Key',
            async () => {
                const path = '/api/webhooks';
                for (const headers of [
                    { Authorization: `Bearer ${stack().token}` },
                    { 'X-API-Key': stack().token }]) {
                    const answer = await request(stack().url, 'GET', path,
                        { headers });
                    assert.equal(answer.status, 200, answer.text);
                }
            });
    });

    test('every accepted record is mirrored in the end', async () => {
        const body = fresh();
        const answer = await post('supabase', body);
        assert.equal(answer.status, 202, answer.text);
        const row = await eventually('the record is mirrored', async () =>
            (await stack().sql.rows(
                'SELECT * FROM records WHERE record_id = ?',
                [body.record_id]))[0]);
        const [event] = await eventOf(stack(), body.record_id);
        assert.equal(String(row.event_id), String(event.id));
        assert.equal(row.data.toString('utf8'), JSON.stringify(body.data));
    });
}

