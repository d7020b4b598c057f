// svix_api.test.mjs - the npm client `svix`, unpatched, manages applications,
// endpoints, messages, attempts and event types.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Svix, Webhook } from 'svix';
import { makeToken } from '../func/lib/gateway.mjs';
import { Receiver } from '../func/lib/receiver.mjs';
import { Stack } from '../func/lib/stack.mjs';
import { eventually } from '../func/lib/wait.mjs';

let stack;
let receiver;
let svix;
before(async () => {
    [stack, receiver] = await Promise.all([Stack.start(), Receiver.start()]);
    svix = client();
});
after(async () => {
    await receiver?.stop();
    await stack?.stop();
});

function client(token = stack.token) {
    return new Svix(token, { serverUrl: stack.url, numRetries: 0 });
}

let serial = 0;
const fresh = (what) => `${what}-${++serial}`;
const makeApp = (more = {}) =>
    svix.application.create({ name: fresh('App'), ...more });
const url = 'https://example.com/hook';

// The client's error with that status; its body.
async function refused(promise, status) {
    try {
        await promise;
    } catch (error) {
        assert.equal(error.code, status, JSON.stringify(error.body ?? error));
        return error.body;
    }
    throw new Error(`no ${status}`);
}

async function refusedWith(promise, status, code) {
    const body = await refused(promise, status);
    assert.equal(body.code, code);
    assert.equal(typeof body.detail, 'string');
    return body;
}

async function refusedField(promise, ...loc) {
    const body = await refused(promise, 422);
    assert.deepEqual(body.detail.map((problem) => problem.loc), [loc],
        JSON.stringify(body));
    assert.equal(typeof body.detail[0].msg, 'string');
    assert.equal(typeof body.detail[0].type, 'string');
}

// All pages of a list, by its iterators.
async function pages(list, limit) {
    const found = [];
    for (let iterator = null, n = 0; n < 100; n++) {
        const page = await list({ limit, iterator });
        assert.ok(page.data.length <= limit);
        found.push(page);
        if (page.done)
            return found;
        assert.ok(page.iterator);
        iterator = page.iterator;
    }
    throw new Error('the list does not end');
}

const ids = (page) => page.data.map(({ id }) => id);

describe('applications', () => {
    test('one is made with every field and read back', async () => {
        const uid = fresh('customer');
        const made = await svix.application.create({ name: 'Acme & Söhne',
            uid, throttleRate: 7, metadata: { plan: 'pro' } });
        assert.match(made.id, /^app_[0-9a-z]{13}$/);
        assert.equal(made.name, 'Acme & Söhne');
        assert.equal(made.uid, uid);
        assert.equal(made.throttleRate, 7);
        assert.deepEqual(made.metadata, { plan: 'pro' });
        assert.ok(Math.abs(made.createdAt - Date.now()) < 60_000);
        assert.deepEqual(await svix.application.get(made.id), made);
        assert.deepEqual(await svix.application.get(uid), made);
    });

    test('two may have the same name, but not the same uid', async () => {
        const uid = fresh('customer');
        const one = await svix.application.create({ name: 'Twin', uid });
        const two = await svix.application.create({ name: 'Twin' });
        assert.notEqual(one.id, two.id);
        assert.equal(two.name, 'Twin');
        assert.equal(two.uid, null);
        await refusedWith(svix.application.create({ name: 'x', uid }), 409,
            'conflict');
        assert.equal((await svix.application.getOrCreate(
            { name: 'x', uid })).id, one.id);
        const third = await svix.application.getOrCreate(
            { name: 'x', uid: fresh('customer') });
        assert.notEqual(third.id, one.id);
    });

    test('PUT replaces, PATCH changes what it names', async () => {
        const uid = fresh('customer');
        const { id } = await makeApp({ uid, metadata: { a: '1' },
            throttleRate: 5 });
        const patched = await svix.application.patch(id, { name: 'Other' });
        assert.equal(patched.name, 'Other');
        assert.equal(patched.uid, uid);
        assert.deepEqual(patched.metadata, { a: '1' });
        const put = await svix.application.update(uid, { name: 'Third' });
        assert.equal(put.id, id);
        assert.equal(put.name, 'Third');
        assert.equal(put.uid, null);
        assert.equal(put.throttleRate, null);
        assert.deepEqual(put.metadata, {});
        await refusedWith(svix.application.patch('nobody', { name: 'x' }), 404,
            'not_found');
    });

    test('PUT makes what is not there', async () => {
        const uid = fresh('customer');
        const made = await svix.application.update(uid, { name: 'N', uid });
        assert.equal((await svix.application.get(uid)).id, made.id);
    });

    test('a removed one is gone with its endpoints, its uid is free',
        async () => {
            const uid = fresh('customer');
            const { id } = await makeApp({ uid });
            const endpoint = await svix.endpoint.create(uid, { url });
            await svix.application.delete(uid);
            await refusedWith(svix.application.get(id), 404, 'not_found');
            await refused(svix.endpoint.get(id, endpoint.id), 404);
            await refused(svix.message.create(id,
                { eventType: 'a', payload: {} }), 404);
            assert.notEqual((await makeApp({ uid })).id, id);
        });

    test('the default application and one with sources stay', async () => {
        const { data } = await svix.application.list({ limit: 1 });
        assert.equal(data[0].name, 'default');
        await refusedWith(svix.application.delete(data[0].id), 409, 'conflict');
    });

    test('bad fields are named', async () => {
        const { application } = svix;
        await refusedField(application.create({}), 'body', 'name');
        await refusedField(application.create({ name: 7 }), 'body', 'name');
        await refusedField(application.create({ name: 'x', uid: 'a b' }),
            'body', 'uid');
        await refusedField(application.create({ name: 'x',
            throttleRate: 0 }), 'body', 'throttleRate');
        await refusedField(application.create({ name: 'x', metadata: [] }),
            'body', 'metadata');
        await refusedField(application.list({ limit: 251 }), 'query', 'limit');
        await refusedField(application.list({ iterator: 'x' }), 'query',
            'iterator');
    });

    test('lists are read in pages, both ways and in both orders', async () => {
        for (let i = 0; i < 5; i++)
            await makeApp();
        const all = ids(await svix.application.list({ limit: 250 }));
        const forth = await pages((o) => svix.application.list(o), 2);
        assert.deepEqual(forth.flatMap(ids), all);
        const back = await svix.application.list({ limit: 2,
            iterator: forth[1].prevIterator });
        assert.deepEqual(ids(back), ids(forth[0]));
        const down = await pages((o) => svix.application.list(
            { ...o, order: 'descending' }), 3);
        assert.deepEqual(down.flatMap(ids), all.toReversed());
        assert.equal(forth[0].prevIterator, null);
    });
});

describe('endpoints', () => {
    let app;
    before(async () => {
        app = (await makeApp({ uid: fresh('owner') })).id;
    });

    test('one is made with every field and read back', async () => {
        const uid = fresh('endpoint');
        const made = await svix.endpoint.create(app, { url, uid,
            description: 'Orders', disabled: true,
            filterTypes: ['order.created', 'order.paid'],
            channels: ['eu'], throttleRate: 20, metadata: { a: 'b' },
            secret: 'whsec_' + Buffer.alloc(24, 7).toString('base64'),
            version: 1, headers: { 'X-Tenant': '7' } });
        assert.match(made.id, /^ep_[0-9a-z]{13}$/);
        assert.equal(made.uid, uid);
        assert.equal(made.url, url);
        assert.equal(made.description, 'Orders');
        assert.equal(made.disabled, true);
        assert.deepEqual(made.filterTypes, ['order.created', 'order.paid']);
        assert.deepEqual(made.channels, ['eu']);
        assert.equal(made.throttleRate, 20);
        assert.deepEqual(made.metadata, { a: 'b' });
        assert.equal(made.version, 1);
        assert.deepEqual(await svix.endpoint.get(app, made.id), made);
        assert.deepEqual(await svix.endpoint.get(app, uid), made);
        assert.deepEqual(await svix.endpoint.getSecret(app, uid),
            { key: 'whsec_' + Buffer.alloc(24, 7).toString('base64') });
    });

    test('a URL is enough: all types, a made secret, payloads, and ' +
        "Svix's schedule of retries", async () => {
        const made = await svix.endpoint.create(app, { url });
        assert.equal(made.disabled, false);
        assert.equal(made.filterTypes, null);
        assert.equal(made.channels, null);
        assert.equal(made.description, '');
        assert.deepEqual(made.metadata, {});
        const { key } = await svix.endpoint.getSecret(app, made.id);
        assert.match(key, /^whsec_/);
        const same = await stack.api().get(`/api/webhooks/${made.id}`);
        assert.equal(same.json.format, 'payload');
        assert.deepEqual(same.json.events, ['*']);
        assert.deepEqual(same.json.retry_schedule,
            [5, 300, 1800, 7200, 18000, 36000, 36000]);
    });

    test('the new names of Svix are taken and given as well', async () => {
        const path = `/api/v1/app/${app}/endpoint`;
        const made = await stack.api().post(path + '/',
            { url, eventTypes: ['a.b'], rateLimit: 3 });
        assert.equal(made.status, 201, made.text);
        assert.deepEqual(made.json.eventTypes, ['a.b']);
        assert.deepEqual(made.json.filterTypes, ['a.b']);
        assert.equal(made.json.rateLimit, 3);
        const lenient = await stack.api().post(path, { url, eventTypes: [] });
        assert.equal(lenient.status, 201, lenient.text);
        assert.equal(lenient.json.eventTypes, null);
    });

    test('PUT replaces, PATCH changes what it names; the secret stays',
        async () => {
            const uid = fresh('endpoint');
            const { id } = await svix.endpoint.create(app, { url, uid,
                filterTypes: ['x'], channels: ['c'], description: 'D',
                throttleRate: 9, metadata: { m: '1' } });
            const { key } = await svix.endpoint.getSecret(app, id);
            const patched = await svix.endpoint.patch(app, uid,
                { disabled: true, description: 'E' });
            assert.equal(patched.disabled, true);
            assert.equal(patched.description, 'E');
            assert.deepEqual(patched.filterTypes, ['x']);
            assert.equal(patched.uid, uid);
            const put = await svix.endpoint.update(app, id,
                { url: url + '/2' });
            assert.equal(put.url, url + '/2');
            assert.equal(put.disabled, false);
            assert.equal(put.uid, null);
            assert.equal(put.filterTypes, null);
            assert.equal(put.channels, null);
            assert.equal(put.description, '');
            assert.equal(put.throttleRate, null);
            assert.deepEqual(put.metadata, {});
            assert.equal((await svix.endpoint.getSecret(app, id)).key, key);
        });

    test('a uid belongs to one endpoint of an application, and is free ' +
        'again once that is removed', async () => {
        const uid = fresh('endpoint');
        const one = await svix.endpoint.create(app, { url, uid });
        await refusedWith(svix.endpoint.create(app, { url, uid }), 409,
            'conflict');
        const two = await svix.endpoint.create(app, { url });
        const before = (await svix.endpoint.list(app)).data.length;
        await refusedWith(svix.endpoint.patch(app, two.id, { uid,
            description: 'not written' }), 409, 'conflict');
        assert.equal((await svix.endpoint.get(app, two.id)).description, '');
        // Many who want the same one at the same time: one of them gets it.
        const wanted = fresh('endpoint');
        const results = await Promise.allSettled(Array.from({ length: 8 },
            () => svix.endpoint.create(app, { url, uid: wanted })));
        assert.equal(results.filter((result) =>
            result.status === 'fulfilled').length, 1);
        assert.equal((await svix.endpoint.list(app)).data.length, before + 1);
        const other = await makeApp();
        assert.equal((await svix.endpoint.create(other.id,
            { url, uid })).uid, uid);
        await svix.endpoint.delete(app, uid);
        await refusedWith(svix.endpoint.get(app, one.id), 404, 'not_found');
        assert.notEqual((await svix.endpoint.create(app, { url, uid })).id,
            one.id);
    });

    test('PUT makes what is not there', async () => {
        const uid = fresh('endpoint');
        const made = await svix.endpoint.update(app, uid, { url, uid });
        assert.equal((await svix.endpoint.get(app, uid)).id, made.id);
    });

    test("another application's endpoint is not there", async () => {
        const other = await makeApp();
        const { id } = await svix.endpoint.create(other.id, { url });
        for (const ask of [() => svix.endpoint.get(app, id),
            () => svix.endpoint.patch(app, id, { disabled: true }),
            () => svix.endpoint.getSecret(app, id),
            () => svix.endpoint.delete(app, id)])
            await refusedWith(ask(), 404, 'not_found');
    });

    test('headers are written, changed and read; secret ones are named only',
        async () => {
            const { id } = await svix.endpoint.create(app, { url });
            await svix.endpoint.updateHeaders(app, id, { headers:
                { 'X-One': '1', 'X-Two': '2', Authorization: 'Bearer x' } });
            assert.deepEqual(await svix.endpoint.getHeaders(app, id),
                { headers: { 'X-One': '1', 'X-Two': '2' },
                    sensitive: ['Authorization'] });
            await svix.endpoint.patchHeaders(app, id,
                { headers: { 'x-two': 'two', 'X-Three': '3' },
                    deleteHeaders: ['X-One'] });
            const now = await svix.endpoint.getHeaders(app, id);
            assert.deepEqual(now.headers, { 'x-two': 'two', 'X-Three': '3' });
            assert.deepEqual(now.sensitive, ['Authorization']);
            await svix.endpoint.updateHeaders(app, id, { headers: {} });
            assert.deepEqual(await svix.endpoint.getHeaders(app, id),
                { headers: {}, sensitive: [] });
            await refused(svix.endpoint.updateHeaders(app, id,
                { headers: { Host: 'x' } }), 422);
        });

    test('bad fields are named as Svix names them', async () => {
        const { endpoint } = svix;
        await refusedField(endpoint.create(app, {}), 'body', 'url');
        await refusedField(endpoint.create(app, { url: 'nothing' }), 'body',
            'url');
        await refusedField(endpoint.create(app, { url: 'http://10.1.2.3/' }),
            'body', 'url');
        await refusedField(endpoint.create(app, { url, uid: 'a/b' }), 'body',
            'uid');
        await refusedField(endpoint.create(app, { url, disabled: 1 }), 'body',
            'disabled');
        await refusedField(endpoint.create(app, { url,
            filterTypes: ['a b'] }), 'body', 'filterTypes', 0);
        await refusedField(endpoint.create(app, { url, throttleRate: -1 }),
            'body', 'throttleRate');
        await refusedField(endpoint.create(app, { url, secret: '!' }), 'body',
            'secret');
        await refusedField(endpoint.create(app, { url, channels: 'c' }),
            'body', 'channels');
    });

    test('lists are read in pages, both ways and in both orders', async () => {
        const mine = (await makeApp()).id;
        const all = [];
        for (let i = 0; i < 5; i++)
            all.push((await svix.endpoint.create(mine, { url })).id);
        const list = (o) => svix.endpoint.list(mine, o);
        const forth = await pages(list, 2);
        assert.deepEqual(forth.flatMap(ids), all);
        assert.deepEqual(ids(await list({ limit: 2,
            iterator: forth[2].prevIterator })), ids(forth[1]));
        assert.deepEqual((await pages((o) => list(
            { ...o, order: 'descending' }), 2)).flatMap(ids),
        all.toReversed());
    });
});

describe('messages', () => {
    let app;
    before(async () => {
        app = (await makeApp()).id;
    });
    const eventType = 'invoice.paid';

    test('one is accepted, shown, and arrives signed, as its payload alone',
        async () => {
            const place = receiver.place(fresh('message'));
            const { id: ep } = await svix.endpoint.create(app,
                { url: place.url, filterTypes: ['message.one'] });
            const { key } = await svix.endpoint.getSecret(app, ep);
            const payload = { id: 'inv_1', total: 12.5, names: ['Zoë 😀'] };
            const made = await svix.message.create(app,
                { eventType: 'message.one', payload, channels: ['eu'],
                    tags: ['t1'], eventId: fresh('event') });
            assert.match(made.id, /^msg_[0-9a-z]{13}$/);
            assert.deepEqual(made.payload, payload);
            assert.deepEqual(made.channels, ['eu']);
            assert.deepEqual(made.tags, ['t1']);
            const seen = await svix.message.get(app, made.id);
            assert.deepEqual(seen, made);
            assert.deepEqual(await svix.message.get(app, made.eventId), made);
            const request = await place.arrived(1);
            assert.equal(request.body.toString(), JSON.stringify(payload));
            assert.deepEqual(new Webhook(key).verify(request.body,
                request.headers), payload);
            assert.equal(request.headers['webhook-id'].slice(-13),
                made.id.slice(-13));
        });

    test('a repeated eventId is 409, in another application it is not',
        async () => {
            const eventId = fresh('event');
            const message = { eventType, payload: { n: 1 }, eventId };
            const first = await svix.message.create(app, message);
            await refusedWith(svix.message.create(app, message), 409,
                'duplicate');
            const other = await makeApp();
            assert.notEqual((await svix.message.create(other.id, message)).id,
                first.id);
            assert.equal((await svix.message.get(app, eventId)).id, first.id);
        });

    test('a repeated idempotency key gets the first answer', async () => {
        const idempotencyKey = fresh('key');
        const message = { eventType, payload: { n: 2 } };
        const one = await svix.message.create(app, message,
            { idempotencyKey });
        const two = await svix.message.create(app, message,
            { idempotencyKey });
        assert.deepEqual(two, one);
        await refused(svix.message.create(app,
            { eventType, payload: { n: 3 } }, { idempotencyKey }), 422);
    });

    test('channels choose who gets it', async () => {
        const own = (await makeApp()).id;
        const [eu, us] = [receiver.place(fresh('eu')),
            receiver.place(fresh('us'))];
        await svix.endpoint.create(own, { url: eu.url, channels: ['eu'] });
        await svix.endpoint.create(own, { url: us.url, channels: ['us'] });
        await svix.message.create(own,
            { eventType, payload: { to: 'eu' }, channels: ['eu'] });
        await svix.message.create(own, { eventType, payload: { to: 'all' } });
        await Promise.all([eu.arrived(2), us.arrived(1)]);
        assert.equal(us.requests.length, 1);
        assert.equal(us.requests[0].body.toString(), '{"to":"all"}');
    });

    test('what is to be delivered later waits', async () => {
        const place = receiver.place(fresh('later'));
        await svix.endpoint.create(app,
            { url: place.url, filterTypes: ['message.later'] });
        const deliverAt = new Date(Date.now() + 3_600_000);
        const made = await svix.message.create(app,
            { eventType: 'message.later', payload: {}, deliverAt });
        assert.equal(+made.deliverAt, +deliverAt);
        const after = await svix.message.create(app,
            { eventType: 'message.later', payload: { now: true } });
        assert.equal((await place.arrived(1)).headers['webhook-id'].slice(-13),
            after.id.slice(-13));
        assert.equal(place.requests.length, 1);
    });

    test('lists are read in pages, newest first, and by filters', async () => {
        const own = (await makeApp()).id;
        const made = [];
        for (let i = 0; i < 7; i++)
            made.push(await svix.message.create(own, {
                eventType: i % 2 ? 'odd.one' : 'even.one', payload: { i },
                channels: i < 3 ? ['low'] : undefined,
                tags: i === 4 ? ['four'] : undefined }));
        const newest = made.toReversed();
        const list = (o) => svix.message.list(own, o);
        const forth = await pages(list, 3);
        assert.deepEqual(forth.flatMap((page) => page.data), newest);
        const filtered = async (o) => ids(await list(o));
        const want = (keep) => newest.filter(keep).map(({ id }) => id);
        assert.deepEqual(await filtered({ eventTypes: ['odd.one', 'x'] }),
            want(({ payload }) => payload.i % 2));
        assert.deepEqual(await filtered({ channel: 'low' }),
            want(({ payload }) => payload.i < 3));
        assert.deepEqual(await filtered({ tag: 'four' }), [made[4].id]);
        assert.deepEqual(await filtered({ before: made[0].timestamp }), []);
        assert.deepEqual(await filtered({
            after: new Date(Date.now() + 1000) }), []);
        const bare = await list({ withContent: false });
        assert.deepEqual(bare.data[0].payload, {});
    });

    test('content is taken away, but not under a delivery', async () => {
        const { id } = await svix.message.create(app,
            { eventType: 'message.none', payload: { secret: 1 } });
        await svix.message.expungeContent(app, id);
        assert.deepEqual((await svix.message.get(app, id)).payload,
            { expired: true });
        const { data: [later] } = await svix.message.list(app,
            { eventTypes: ['message.later'], limit: 250, iterator: null });
        assert.ok(later);
        const held = await svix.message.create(app,
            { eventType: 'message.later', payload: {},
                deliverAt: new Date(Date.now() + 3_600_000) });
        await refusedWith(svix.message.expungeContent(app, held.id), 409,
            'conflict');
    });

    test('bad fields are named as Svix names them', async () => {
        const send = (message) => svix.message.create(app, message);
        const good = { eventType, payload: {} };
        await refusedField(send({ payload: {} }), 'body', 'eventType');
        await refusedField(send({ ...good, eventType: 'a b' }), 'body',
            'eventType');
        await refusedField(send({ eventType }), 'body', 'payload');
        await refusedField(send({ ...good, payload: [] }), 'body', 'payload');
        await refusedField(send({ ...good, eventId: 7 }), 'body', 'eventId');
        await refusedField(send({ ...good, channels: [1] }), 'body',
            'channels', 0);
        await refusedField(send({ ...good, tags: 'x' }), 'body', 'tags');
        await refusedField(send({ ...good, transformationsParams:
            { rawPayload: 'x' } }), 'body', 'transformationsParams');
        await refusedField(send({ ...good,
            deliverAt: new Date('2090-01-01') }), 'body', 'deliverAt');
        await refusedWith(svix.message.get(app, 'msg_0000000000000'), 404,
            'not_found');
        const large = await refusedWith(send({ eventType,
            payload: { x: 'x'.repeat(200_000) } }), 413, 'payload_too_large');
        assert.match(large.detail, /larger/);
    });
});

describe('attempts', () => {
    let app;
    before(async () => {
        app = (await makeApp()).id;
    });

    // An endpoint with those answers and one message to it, once `attempts`
    // requests have come and been written down.
    async function send(script, attempts, eventType = fresh('attempt.type')) {
        const place = receiver.place(fresh('attempt'), ...script);
        const endpoint = await svix.endpoint.create(app,
            { url: place.url, filterTypes: [eventType] });
        await stack.api().patch(`/api/webhooks/${endpoint.id}`,
            { retry_schedule: [1, 1] });
        const message = await svix.message.create(app,
            { eventType, payload: { n: 1 }, tags: ['t'] });
        const list = await eventually(`${attempts} attempts`, async () => {
            const { data } = await svix.messageAttempt.listByMsg(app,
                message.id);
            return data.length === attempts && data;
        });
        return { place, endpoint, message, list };
    }

    test('one that succeeded is shown with what came back', async () => {
        const { endpoint, message, list } = await send(
            [{ status: 201, body: 'made it' }], 1);
        const [attempt] = list;
        assert.match(attempt.id, /^atmpt_[0-9a-z]{13}001$/);
        assert.equal(attempt.msgId, message.id);
        assert.equal(attempt.endpointId, endpoint.id);
        assert.equal(attempt.url, endpoint.url);
        assert.equal(attempt.status, 0);
        assert.equal(attempt.statusText, 'success');
        assert.equal(attempt.triggerType, 0);
        assert.equal(attempt.responseStatusCode, 201);
        assert.equal(attempt.response, 'made it');
        assert.ok(attempt.responseDurationMs >= 0);
        assert.ok(Math.abs(attempt.timestamp - Date.now()) < 60_000);
        assert.deepEqual(await svix.messageAttempt.get(app, message.id,
            attempt.id), attempt);
        const { data } = await svix.messageAttempt.listByEndpoint(app,
            endpoint.id, { withMsg: true });
        assert.deepEqual(data, [{ ...attempt, msg: message }]);
    });

    test('a failed one and its retry are both there, by every filter',
        async () => {
            const { endpoint, message, list } = await send(
                [{ status: 500, body: 'no' }, 200], 2);
            assert.deepEqual(list.map(({ status }) => status), [0, 2]);
            assert.deepEqual(list.map((a) => a.responseStatusCode),
                [200, 500]);
            const by = async (o) => ids(await svix.messageAttempt
                .listByEndpoint(app, endpoint.id, o));
            const [good, bad] = list.map(({ id }) => id);
            assert.deepEqual(await by({ status: 2 }), [bad]);
            assert.deepEqual(await by({ status: 0 }), [good]);
            assert.deepEqual(await by({ status: 1 }), []);
            assert.deepEqual(await by({ statusCodeClass: 500 }), [bad]);
            assert.deepEqual(await by({ eventTypes: ['x',
                message.eventType] }), [good, bad]);
            assert.deepEqual(await by({ eventTypes: ['x'] }), []);
            assert.deepEqual(await by({ before: list[1].timestamp }), []);
            assert.deepEqual(await by({
                after: new Date(+list[1].timestamp + 1) }), [good]);
            const bare = await svix.messageAttempt.listByEndpoint(app,
                endpoint.id, { withContent: false });
            assert.deepEqual(bare.data.map((a) => a.response), ['', '']);
            await refused(svix.messageAttempt.listByEndpoint(app, endpoint.id,
                { channel: 'x' }), 422);
        });

    test('lists are read in pages', async () => {
        const eventType = fresh('attempt.type');
        const { endpoint } = await send([500, 200, 200], 2, eventType);
        for (let i = 0; i < 3; i++)
            await svix.message.create(app, { eventType, payload: { i } });
        const list = (o) => svix.messageAttempt.listByEndpoint(app,
            endpoint.id, o);
        const all = await eventually('all attempts', async () => {
            const found = ids(await list({ limit: 250 }));
            return found.length === 5 && found;
        });
        for (const limit of [1, 2, 3])
            assert.deepEqual((await pages(list, limit)).flatMap(ids), all);
    });

    test('messages of an endpoint and endpoints of a message show how they ' +
        'stand', async () => {
        const { endpoint, message } = await send([200], 1);
        const { data: [sent] } = await svix.messageAttempt
            .listAttemptedMessages(app, endpoint.id);
        assert.equal(sent.id, message.id);
        assert.equal(sent.status, 0);
        assert.equal(sent.statusText, 'success');
        assert.equal(sent.nextAttempt, null);
        assert.deepEqual(sent.payload, { n: 1 });
        const { data: [target] } = await svix.messageAttempt
            .listAttemptedDestinations(app, message.id);
        assert.equal(target.id, endpoint.id);
        assert.equal(target.url, endpoint.url);
        assert.equal(target.status, 0);
        const stats = await svix.endpoint.getStats(app, endpoint.id);
        assert.deepEqual(stats, { success: 1, pending: 0, sending: 0, fail: 0,
            canceled: 0 });
        assert.equal((await svix.endpoint.getStats(app, endpoint.id,
            { until: new Date('2026-01-01') })).success, 0);
    });

    test('what waits for its next attempt says when that is', async () => {
        const place = receiver.place(fresh('attempt'), 500);
        const endpoint = await svix.endpoint.create(app,
            { url: place.url, filterTypes: ['attempt.wait'] });
        const message = await svix.message.create(app,
            { eventType: 'attempt.wait', payload: {} });
        const target = await eventually('it waits', async () => {
            const { data: [found] } = await svix.messageAttempt
                .listAttemptedDestinations(app, message.id);
            return found?.nextAttempt > Date.now() && found;
        });
        assert.equal(target.id, endpoint.id);
        assert.equal(target.status, 1);
        assert.equal(target.statusText, 'pending');
        const { data } = await svix.messageAttempt.listAttemptedMessages(app,
            endpoint.id, { status: 1 });
        assert.deepEqual(data.map(({ id }) => id), [message.id]);
        assert.deepEqual((await svix.messageAttempt.listAttemptedMessages(app,
            endpoint.id, { status: 0 })).data, []);
        await svix.endpoint.delete(app, endpoint.id);
    });

    test('resending sends the same message once more, by hand', async () => {
        const { place, endpoint, message } = await send([200], 1);
        assert.deepEqual(await svix.messageAttempt.resend(app, message.id,
            endpoint.id), {});
        const again = await place.arrived(2);
        assert.equal(again.headers['webhook-id'],
            place.requests[0].headers['webhook-id']);
        assert.equal(again.body.toString(), '{"n":1}');
        const newest = await eventually('two attempts', async () => {
            const { data } = await svix.messageAttempt.listByMsg(app,
                message.id, { endpointId: endpoint.id });
            return data.length === 2 && data[0];
        });
        assert.equal(newest.triggerType, 1);
        const other = await svix.endpoint.create(app,
            { url, filterTypes: ['never'] });
        await refusedWith(svix.messageAttempt.resend(app, message.id,
            other.id), 404, 'not_found');
    });

    test("an attempt's response is taken away", async () => {
        const { message, list: [attempt] } = await send(
            [{ status: 200, body: 'private' }], 1);
        await svix.messageAttempt.expungeContent(app, message.id, attempt.id);
        assert.equal((await svix.messageAttempt.get(app, message.id,
            attempt.id)).response, '');
        await refusedWith(svix.messageAttempt.get(app, message.id,
            'atmpt_0000000000000001'), 404, 'not_found');
    });

    test('a rotated secret signs beside the old one, and can be chosen',
        async () => {
            const place = receiver.place(fresh('attempt'));
            const eventType = fresh('attempt.type');
            const { id } = await svix.endpoint.create(app,
                { url: place.url, filterTypes: [eventType] });
            const { key: old } = await svix.endpoint.getSecret(app, id);
            const key = Buffer.alloc(32, 9).toString('base64');
            await svix.endpoint.rotateSecret(app, id, { key });
            assert.equal((await svix.endpoint.getSecret(app, id)).key,
                'whsec_' + key);
            await svix.message.create(app, { eventType, payload: { a: 1 } });
            const request = await place.arrived(1);
            for (const secret of [old, key])
                assert.deepEqual(new Webhook(secret).verify(request.body,
                    request.headers), { a: 1 });
            await svix.endpoint.rotateSecret(app, id, {});
            assert.notEqual((await svix.endpoint.getSecret(app, id)).key,
                'whsec_' + key);
            await refusedField(svix.endpoint.rotateSecret(app, id,
                { key: 'short' }), 'body', 'key');
        });
});

describe('recovery', () => {
    let app;
    before(async () => {
        app = (await makeApp()).id;
    });

    // An endpoint that has refused one message of each type for good, and
    // takes everything from then on.
    async function refusing(...types) {
        let refuse = true;
        const place = receiver.place(fresh('recovery'),
            () => refuse ? 500 : 200);
        const endpoint = await svix.endpoint.create(app,
            { url: place.url, filterTypes: types });
        await stack.api().patch(`/api/webhooks/${endpoint.id}`,
            { retry_schedule: null, retry_count: 0 });
        const messages = [];
        for (const eventType of types)
            messages.push(await svix.message.create(app,
                { eventType, payload: {} }));
        await eventually('all have failed', async () => (await svix.endpoint
            .getStats(app, endpoint.id)).fail === types.length);
        refuse = false;
        place.requests.length = 0;
        return { place, endpoint, messages };
    }

    // The message's letters stand in the id on the wire.
    const got = (place) => place.requests.map((request) =>
        request.headers['webhook-id'].replace('evt_', 'msg_'));
    const since = new Date(Date.now() - 3600_000);

    async function finished({ id, updatedAt }) {
        assert.match(id, /^rpl_/);
        assert.ok(updatedAt instanceof Date);
        const answer = await eventually('it is finished', async () => {
            const { json } = await stack.api().get(`/api/replays/${id}`);
            return json.status === 'done' && json;
        });
        return answer;
    }

    test('recover sends what has failed', async () => {
        const { place, endpoint, messages } = await refusing(fresh('recover'),
            fresh('recover'));
        const task = await svix.endpoint.recover(app, endpoint.id, { since });
        assert.equal(task.task, 'endpoint.recover');
        assert.match(task.status, /^(running|finished)$/);
        const done = await finished(task);
        assert.equal(done.succeeded, 2);
        assert.deepEqual(got(place).sort(),
            messages.map(({ id }) => id).sort());
        assert.equal((await svix.endpoint.getStats(app, endpoint.id)).success,
            2);
    });

    test('replay missing sends what came before it was there', async () => {
        const eventType = fresh('missed');
        const message = await svix.message.create(app,
            { eventType, payload: { n: 1 } });
        const place = receiver.place(fresh('recovery'));
        const { id } = await svix.endpoint.create(app,
            { url: place.url, filterTypes: [eventType] });
        const task = await svix.endpoint.replayMissing(app, id, { since,
            until: new Date(Date.now() + 3600_000) });
        assert.equal(task.task, 'endpoint.replay');
        await finished(task);
        assert.deepEqual(got(place), [message.id]);
    });

    test('bulk replay sends what its filters pick', async () => {
        const types = [fresh('bulk'), fresh('bulk'), fresh('bulk')];
        const { place, endpoint, messages } = await refusing(...types);
        const task = await svix.endpoint.bulkReplay(app, endpoint.id, { since,
            eventTypes: types.slice(0, 2), status: 2, statusCodeClass: 500 });
        assert.equal(task.task, 'endpoint.bulk-replay');
        await finished(task);
        assert.deepEqual(got(place).sort(),
            messages.slice(0, 2).map(({ id }) => id).sort());
        await refusedField(svix.endpoint.bulkReplay(app, endpoint.id, { since,
            tag: 'x' }), 'body', 'tag');
        await refusedField(svix.endpoint.bulkReplay(app, endpoint.id, { since,
            statusCodeClass: 404 }), 'body', 'statusCodeClass');
    });

    test('the same idempotency key starts one', async () => {
        const { endpoint } = await refusing(fresh('recover'));
        const start = () => svix.endpoint.recover(app, endpoint.id, { since },
            { idempotencyKey: 'recover-once' });
        assert.equal((await start()).id, (await start()).id);
    });

    test('bad times and strangers are refused', async () => {
        const { id } = await svix.endpoint.create(app, { url });
        await refusedField(svix.endpoint.recover(app, id,
            { since: new Date(Date.now() + 3600_000) }), 'body', 'since');
        await refusedField(svix.endpoint.replayMissing(app, id,
            { since, until: new Date(+since - 1) }), 'body', 'until');
        await refusedWith(svix.endpoint.recover((await makeApp()).id, id,
            { since }), 404, 'not_found');
    });
});

describe('event types', () => {
    test('one is made with every field, read, changed, archived and removed',
        async () => {
            const name = fresh('order.created');
            const schemas = { 1: { type: 'object' } };
            const made = await svix.eventType.create({ name,
                description: 'An order', schemas, groupName: 'orders',
                featureFlags: ['beta'], deprecated: true });
            assert.equal(made.name, name);
            assert.equal(made.description, 'An order');
            assert.deepEqual(made.schemas, schemas);
            assert.equal(made.groupName, 'orders');
            assert.deepEqual(made.featureFlags, ['beta']);
            assert.equal(made.deprecated, true);
            assert.equal(made.archived, false);
            assert.deepEqual(await svix.eventType.get(name), made);
            await refusedWith(svix.eventType.create({ name,
                description: '' }), 409, 'conflict');
            const patched = await svix.eventType.patch(name,
                { description: 'D' });
            assert.equal(patched.description, 'D');
            assert.equal(patched.groupName, 'orders');
            const put = await svix.eventType.update(name,
                { description: 'E' });
            assert.equal(put.groupName, null);
            assert.equal(put.schemas, null);
            await svix.eventType.delete(name);
            assert.equal((await svix.eventType.get(name)).archived, true);
            const again = await svix.eventType.create({ name,
                description: 'F' });
            assert.equal(again.archived, false);
            await svix.eventType.delete(name, { expunge: true });
            await refusedWith(svix.eventType.get(name), 404, 'not_found');
        });

    test('lists are read in pages; archived ones where asked for', async () => {
        const name = fresh('zz.archived');
        await svix.eventType.create({ name, description: 'x',
            archived: true });
        const names = (page) => page.data.map((type) => type.name);
        const list = (o) => svix.eventType.list(o);
        const all = (await pages(list, 250)).flatMap(names);
        assert.ok(all.includes('email.received'));
        assert.ok(!all.includes(name));
        assert.deepEqual((await pages(list, 7)).flatMap(names), all);
        assert.deepEqual((await pages((o) => list(
            { ...o, order: 'descending' }), 7)).flatMap(names),
        all.toReversed());
        const archived = (await pages((o) => list(
            { ...o, includeArchived: true }), 250)).flatMap(names);
        assert.ok(archived.includes(name));
    });

    test('an example is sent to one endpoint', async () => {
        const place = receiver.place(fresh('example'));
        const app = (await makeApp()).id;
        const { id } = await svix.endpoint.create(app, { url: place.url });
        const message = await svix.endpoint.sendExample(app, id,
            { eventType: 'email.received' });
        assert.equal(message.eventType, 'email.received');
        const request = await place.arrived(1);
        assert.deepEqual(JSON.parse(request.body), message.payload);
        await refusedWith(svix.endpoint.sendExample(app, id,
            { eventType: 'no.such.type' }), 404, 'not_found');
    });

    test('bad fields are named', async () => {
        await refusedField(svix.eventType.create({ name: 'a b',
            description: '' }), 'body', 'name');
        await refusedField(svix.eventType.create({ name: 'a' }), 'body',
            'description');
        await refusedField(svix.eventType.create({ name: 'a',
            description: '', schemas: [] }), 'body', 'schemas');
    });
});

describe('the rest', () => {
    test('health is 204', async () => {
        for (const path of ['', '/ping']) {
            const answer = await stack.api().get('/api/v1/health' + path);
            assert.equal(answer.status, 204);
            assert.equal(answer.text, '');
        }
        await svix.health.get();
    });

    test('what is not offered says so', async () => {
        const app = (await makeApp()).id;
        await refusedWith(svix.authentication.appPortalAccess(app, {}), 400,
            'not_supported');
    });

    test('an unknown path is 404, a wrong method 405', async () => {
        const app = (await makeApp()).id;
        const wrong = await stack.api().post(`/api/v1/app/${app}`, {});
        assert.equal(wrong.status, 405);
        assert.equal(wrong.json.code, 'method_not_allowed');
        assert.match(wrong.headers.allow, /PATCH/);
    });
});

describe('who may do what', () => {
    test('no token and a wrong one are 401 in the shape of Svix', async () => {
        const body = await refusedWith(client('wrong').application.list(), 401,
            'authentication_failed');
        assert.equal(body.detail, 'Invalid token');
    });

    test("an application's token sees its application only", async () => {
        const mine = await makeApp({ uid: fresh('tenant') });
        const { name } = mine;
        const { token } = await makeToken(stack, 'app', name);
        const own = client(token);
        assert.deepEqual(ids(await own.application.list()), [mine.id]);
        const { id } = await own.endpoint.create(mine.uid, { url });
        assert.equal((await own.endpoint.get(mine.id, id)).id, id);
        const other = await makeApp();
        await refusedWith(own.application.get(other.id), 404, 'not_found');
        await refusedWith(own.endpoint.list(other.id), 404, 'not_found');
        await refusedWith(own.message.create(other.id,
            { eventType: 'a', payload: {} }), 404, 'not_found');
        await refusedWith(own.application.create({ name: 'x' }), 403,
            'permission_denied');
        await refusedWith(own.application.delete(mine.id), 403,
            'permission_denied');
    });

    test('a token for sending sends, a token for reading reads', async () => {
        const mine = await makeApp();
        const message = { eventType: 'a', payload: {} };
        const send = client((await makeToken(stack, 'send', mine.name)).token);
        const read = client((await makeToken(stack, 'read', mine.name)).token);
        const { id } = await send.message.create(mine.id, message);
        await refused(send.message.get(mine.id, id), 403);
        assert.equal((await read.message.get(mine.id, id)).id, id);
        await refused(read.message.create(mine.id, message), 403);
        const ep = await svix.endpoint.create(mine.id, { url });
        await refused(read.endpoint.getSecret(mine.id, ep.id), 403);
    });
});
