// provider_cases.mjs - what holds for the webhooks of every provider: what it
// signs is stored, named and relayed; what is truncated, re-serialised,
// oversized, wrongly encoded, forged or replayed gets its documented answer and
// a row in `rejections`, and nothing of it reaches processing.
//
// A provider's test file says how it sends:
//
//   provider     and name of the source, unless `name` is given
//   secret, more of the source
//   status       of what is accepted; body(answer) checks its body
//   make(n)      the n-th request: {body, type (of the event), headers?,
//                contentType?, record?}
//   sign(request, {secret, at, url}) => headers; at in seconds
//   timed        a signed time counts, for so many seconds
//   repeats      is a request that comes twice told? "always" unless said;
//                "exact": only the very same one, since its sender's own repeats
//                are new ones; "never": nothing in it could tell
//   forged       another secret of the same kind
//   broken       false: its bodies need not be JSON
//   unreadable, badType   answer and reason, where they are not the usual ones

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { subscribe } from './gateway.mjs';
import { request } from './http.mjs';
import { known } from './known.mjs';
import { eventually } from './wait.mjs';

export const nowS = () => Math.floor(Date.now() / 1000);

// Creates a source; its JSON, once the responders know it.
export async function addSource(stack, fields) {
    const api = stack.api();
    const answer = await api.post('/api/sources', fields);
    assert.equal(answer.status, 201, answer.text);
    await known(stack, fields.name);
    return answer.json;
}

// Any change of a source; the programs notice it within a second or two.
export async function setSource(stack, id, fields) {
    const answer = await stack.api().patch(`/api/sources/${id}`, fields);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
}

export async function sourceNamed(stack, name) {
    const answer = await stack.api().get('/api/sources');
    assert.equal(answer.status, 200, answer.text);
    const found = answer.json.find((source) => source.name === name);
    assert.ok(found, `there is no source ${name}`);
    return found;
}

// The number behind a source's name, as rows have it.
export const sourceRow = (stack, name) => stack.sql.count(
    'SELECT id FROM sources WHERE name = ?', [name]);

export const eventsOf = async (stack, name) => stack.sql.rows(
    'SELECT * FROM events WHERE source_id = ? ORDER BY id',
    [await sourceRow(stack, name)]);

const rejectionsOf = async (stack, name) => stack.sql.rows(
    'SELECT * FROM rejections WHERE source_id = ? ORDER BY id',
    [await sourceRow(stack, name)]);

// Events of a source that are, were or will be processed: each has one job, or
// the delivery that became of it.
const workOf = (stack, name) => stack.sql.count(
    'SELECT (SELECT COUNT(*) FROM jobs j JOIN events e ON e.id = j.event_id ' +
    'WHERE j.kind = 2 AND e.source_id = s.id) + (SELECT COUNT(*) FROM ' +
    'deliveries d WHERE d.kind = 2 AND d.owner_id = s.id) FROM sources s ' +
    'WHERE s.name = ? AND s.deleted_at IS NULL', [name]);

export function post(stack, name, one, headers, options = {}) {
    return request(stack.url, 'POST', `/api/v1/webhooks/${name}`, {
        body: one.body, headers: {
            'Content-Type': one.contentType ?? 'application/json',
            ...one.headers, ...headers }, ...options });
}

// Rows of rejections that have to be there, by status and reason.
async function assertRejections(stack, name, from, wanted) {
    await eventually(`rejections of ${name}`, async () => {
        const rows = (await rejectionsOf(stack, name)).slice(from);
        for (const { status, reason } of wanted) {
            const index = rows.findIndex((row) =>
                Number(row.status) === status && reason.test(row.reason));
            if (index < 0)
                throw new Error(`no row ${status} ${reason}`);
            rows.splice(index, 1);
        }
        return true;
    });
}

// send() has to be refused so, with a row that says why, and no trace else.
// Rows are written once a second: where stack.refusals is a Map they are looked
// for in the end, by assertAllRejections().
export async function assertRefused(stack, name, send, status, reason) {
    const before = stack.refusals ? [] : await rejectionsOf(stack, name);
    const events = (await eventsOf(stack, name)).length;
    const work = await workOf(stack, name);
    const answer = await send();
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.headers['x-request-id'] ?? '', /^req_/);
    assert.equal((await eventsOf(stack, name)).length, events,
        'nothing is stored');
    assert.equal(await workOf(stack, name), work, 'nothing is processed');
    if (stack.refusals)
        stack.refusals.set(name, [...stack.refusals.get(name) ?? [],
            { status, reason }]);
    else
        await assertRejections(stack, name, before.length,
            [{ status, reason }]);
    return answer;
}

export async function assertAllRejections(stack) {
    for (const [name, wanted] of stack.refusals)
        await assertRejections(stack, name, 0, wanted);
}

// The usual answers.
export const errors = {
    unsigned: [401, /^missing_signature$/],
    forged: [401, /^signature_mismatch$/],
    malformed: [401, /^malformed_signature$/],
    stale: [401, /^stale_timestamp$/],
    tooLarge: [413, /^payload_too_large$/],
    badType: [415, /^unsupported_media_type$/],
    invalid: [422, /./],
};

// The documented 202: these members, in words that every provider shares.
function assertAccepted(answer, name, one) {
    const { details, ...rest } = answer.json;
    assert.deepEqual(rest, { status: 'accepted', message:
        'Webhook payload received and queued for processing' });
    const table = 'database_id' in details ? 'database_id' : 'table_name';
    assert.deepEqual(Object.keys(details), ['event_type', 'source',
        'record_id', table, 'timestamp']);
    assert.ok(['insert', 'update', 'delete', 'other'].includes(
        details.event_type), details.event_type);
    assert.equal(details.source, name);
    if (one.record)
        assert.equal(details.record_id.replaceAll('-', ''),
            one.record.replaceAll('-', ''));
    assert.ok(!Number.isNaN(Date.parse(details.timestamp)));
}

// All cases of a provider. get() gives {stack, receiver} once they run.
export function providerCases(spec, get) {
    const name = spec.name ?? spec.provider;
    const { secret } = spec;
    const path = `/api/v1/webhooks/${name}`;
    const unreadable = spec.unreadable ?? errors.invalid;
    let serial = 0;
    const fresh = () => spec.make(++serial);
    const sign = async (one, more = {}) => spec.sign(one, { secret,
        at: nowS(), url: get().stack.url + path, ...more });
    const send = async (one, headers) => post(get().stack, name, one,
        headers ?? await sign(one));
    const refused = (one, headers, [status, reason]) => assertRefused(
        get().stack, name, () => send(one, headers), status, reason);
    // Recognised: answered as accepted or as a duplicate, with a row.
    async function repeated(one, headers) {
        const fixed = spec.status !== 202;
        const answer = await refused(one, headers,
            [fixed ? spec.status : 200, /^duplicate$/]);
        if (!fixed || (answer.text !== '' && answer.json.status))
            assert.equal(answer.json.status, 'duplicate');
        return answer;
    }

    describe(`${spec.provider}, sent by its library`, () => {
        test('a signed request is stored, named and relayed', async () => {
            const { stack, receiver } = get();
            const one = fresh();
            const place = receiver.place(`relay-${name}`);
            await subscribe(stack, place.url, [one.type]);
            const answer = await send(one);
            assert.equal(answer.status, spec.status, answer.text);
            if (spec.status === 202)
                assertAccepted(answer, name, one);
            spec.body?.(answer, one);
            const event = (await eventsOf(stack, name)).at(-1);
            assert.equal(event.type, one.type);
            assert.equal(Number(event.verified), 1);
            const delivered = await place.arrived(1);
            assert.equal(delivered.json.event, one.type);
            assert.equal(delivered.json.metadata.source, name);
            if (one.record)
                assert.equal(delivered.json.metadata.record_id, one.record);
            if (one.payload !== undefined)
                assert.deepEqual(delivered.json.data, one.payload);
            else if (spec.broken !== false)
                assert.deepEqual(delivered.json.data, JSON.parse(one.body));
        });

        if ((spec.repeats ?? 'always') === 'always')
            test('its own repeat is answered as one and stored once',
                async () => {
                    const one = fresh();
                    const first = await send(one);
                    assert.equal(first.status, spec.status, first.text);
                    const headers = spec.again ? undefined : await sign(one);
                    await repeated(spec.again?.(one) ?? one, headers);
                });

        if (spec.timed) {
            test('replayed after its time, or before it, it is refused',
                async () => {
                    for (const shift of [-spec.timed - 10, spec.timed + 10]) {
                        const one = spec.at?.(fresh(), nowS() + shift) ??
                            fresh();
                        await refused(one, await sign(one,
                            { at: nowS() + shift }), errors.stale);
                    }
                });
        }
    });

    describe(`${spec.provider}, bad input`, () => {
        if (spec.tampering !== false) {
            test('a truncated body is refused by its signature', async () => {
                const one = fresh();
                const headers = await sign(one);
                const bytes = Buffer.from(one.body);
                await refused({ ...one,
                    body: bytes.subarray(0, bytes.length - 7) }, headers,
                errors.forged);
            });

            test('a body that was parsed and printed again is refused',
                async () => {
                    const one = fresh();
                    const body = (spec.reprinted ?? ((text) =>
                        `${JSON.stringify(JSON.parse(text), null, 3)}\n`))(
                        one.body);
                    assert.notEqual(body, one.body);
                    await refused({ ...one, body }, await sign(one),
                        errors.forged);
                });
        }

        if (spec.broken !== false)
            test('truncated before it was signed, it is refused', async () => {
                const one = fresh();
                const body = one.body.slice(0, one.body.length - 7);
                const answer = await refused({ ...one, body },
                    await sign({ ...one, body }), unreadable);
                if (unreadable === errors.invalid)
                    assert.equal(answer.json.detail[0].type,
                        'value_error.jsondecode');
            });

        test('a body above max_body is 413, whoever signed it', async () => {
            const one = fresh();
            const body = spec.padded?.(one.body, 102_401) ??
                one.body + ' '.repeat(102_401 - Buffer.byteLength(one.body));
            const answer = await refused({ ...one, body },
                await sign({ ...one, body }), errors.tooLarge);
            assert.equal(answer.json.error, 'payload_too_large');
        });

        if (spec.broken !== false)
            test('UTF-16 and bytes that are no UTF-8 are refused', async () => {
                const one = fresh();
                for (const body of [Buffer.from(one.body, 'utf16le'),
                    Buffer.concat([Buffer.from(one.body.slice(0, -1)),
                        Buffer.from(',"x":"\xff\xfe"}', 'latin1')])])
                    await refused({ ...one, body },
                        await sign({ ...one, body }), unreadable);
            });

        if (spec.repeats !== 'never')
            test('what somebody has seen and sends again is recognised',
                async () => {
                    const one = fresh();
                    const headers = await sign(one);
                    const first = await send(one, headers);
                    assert.equal(first.status, spec.status, first.text);
                    for (let i = 0; i < 2; i++)
                        await repeated(one, headers);
                });
        else
            test('what is sent again counts again, unless the source says ' +
                'that equal bodies are repeats', async () => {
                const { stack } = get();
                const one = fresh();
                const headers = await sign(one);
                const before = (await eventsOf(stack, name)).length;
                for (let i = 0; i < 2; i++)
                    assert.equal((await send(one, headers)).status,
                        spec.status);
                assert.equal((await eventsOf(stack, name)).length, before + 2);
                const { id } = await sourceNamed(stack, name);
                await setSource(stack, id, { dedupe: 'body_sha256' });
                // The first one that counts by the new rule is stored.
                await eventually('equal bodies are repeats', async () =>
                    (await send(one, headers)).json?.status === 'duplicate');
                await repeated(one, headers);
                await setSource(stack, id, { dedupe: null });
            });

        test('a content type that it never sends is refused', async () => {
            const one = fresh();
            await refused({ ...one, contentType: 'text/xml' },
                await sign(one), spec.badType ?? errors.badType);
        });

        test('without a signature, and with another secret, it is 401',
            async () => {
                const one = fresh();
                const answer = await refused(one, {}, errors.unsigned);
                assert.deepEqual(answer.json, { error: 'invalid_signature',
                    message: 'Webhook signature verification failed' });
                await refused(one, await sign(one, { secret: spec.forged }),
                    errors.forged);
            });

        test('what is right is still taken', async () => {
            const one = fresh();
            const answer = await send(one);
            assert.equal(answer.status, spec.status, answer.text);
        });
    });
}
