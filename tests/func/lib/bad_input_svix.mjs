// bad_input_svix.mjs - the bodies of the Svix family, and what each of their
// fields may be; see bad_input.mjs.

import { dict, eventType, flag, headers, list, needed, number, ofBytes, part,
    patterns, range as every, rangeTables, says, text, time, tooManyBytes,
    url } from
    './bad_input_fields.mjs';

const badUid = says('str.regex',
    'string does not match regex "^[a-zA-Z0-9\\-_.]+$"');
// `letter`: a uid can be had once.
const uid = (letter) => text(1, 256, { make: (n) => letter.repeat(n),
    wrong: [['a space', 'a b', badUid]] });
const metadata = dict({ good: { a: 'b' },
    wrong: [['65,537 bytes', ofBytes(65527), tooManyBytes(65536)]] });
const badKey = says('str.regex', 'string does not match regex ' +
    '"^(whsec_)?[a-zA-Z0-9+/=]{32,100}$"');
const range = { since: every.since, until: every.until };
const anything = { kind: 'json', nullable: true, good: { a: [1] } };

const app = (letter) => ({
    name: needed(text(1, 255)),
    uid: uid(letter),
    throttleRate: number(1, 65535, { alias: 'rateLimit' }),
    metadata,
});
const endpoint = (letter) => ({
    url,
    description: text(0, 1000),
    uid: uid(letter),
    disabled: flag(),
    eventTypes: list(100, [1, 255], { alias: 'filterTypes', wrong: patterns }),
    channels: list(10, [1, 128]),
    secret: text(1, 256, { atLeast: false, atMost: false,
        good: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', wrong: [['no base64',
            '!!!!!!!!', says('secret',
                'what follows whsec_ must be base64')]] }),
    throttleRate: number(1, 10000, { alias: 'rateLimit' }),
    metadata,
    headers: headers(),
    version: number(0, 65535),
});
const type = {
    name: needed(eventType({ make: (n) => 'y'.repeat(n) })),
    description: needed(text(0, 1000)),
    archived: flag(),
    deprecated: flag(),
    schemas: dict({ good: {} }),
    featureFlags: list(50, [1, 256]),
    groupName: text(1, 50),
};

const { name: _, ...typeBesides } = type;

const family = (what, table, forms) => Object.fromEntries(
    Object.entries(forms).map(([route, form]) => [`${route} (${what})`,
        { tables: [table], ...form, request: route.split(' ') }]));

const states = { type: 'type_error.enum', msg: 'value is not a valid ' +
    'enumeration member; permitted: 0, 2, 4' };
const classes = { type: 'type_error.enum', msg: 'value is not a valid ' +
    'enumeration member; permitted: 0, 100, 200, 300, 400, 500' };
const none = { atLeast: false, atMost: false, wrong: [['any', 'a', says(
    'not_supported', 'is not supported')]] };
const replays = (name, tables, fields) => ({
    [`POST …/endpoint/{endpoint}/${name}`]: { fields, stores: 'replays',
        tables: [...rangeTables.slice(0, 2), ...tables],
        request: ['POST', `/api/v1/app/<app>/endpoint/<endpoint>/${name}`],
        base: { since: '2026-01-01T00:00:00Z' } } });

export const svix = {
    ...family('headers', 'fcgi/svix/svix_endpoint_parts.c:headers_fields', {
        'PATCH /api/v1/app/<app>/endpoint/<endpoint>/headers': {
            base: {}, empty: true, fields: {
                headers: { ...headers(), nullable: false },
                deleteHeaders: list(20, [1, 8192]) } },
        'PUT /api/v1/app/<app>/endpoint/<endpoint>/headers': {
            base: { headers: {} }, unknown: ['deleteHeaders'],
            fields: { headers: needed(headers()) } },
    }),
    ...family('application', 'fcgi/svix/svix_applications.c:fields', {
        'POST /api/v1/app': { stores: 'applications', base: { name: 'bad' },
            fields: app('p') },
        'PUT /api/v1/app/<app>': { stores: 'applications',
            base: { name: 'bad' }, fields: app('u') },
        'PATCH /api/v1/app/<app>': { stores: 'applications', base: {},
            empty: true,
            fields: part(app('a'), ['name']) },
    }),
    ...family('endpoint', 'fcgi/svix/svix_endpoint_form.c:fields', {
        'POST /api/v1/app/<app>/endpoint': {
            base: { url: 'https://example.com/' }, fields: endpoint('p') },
        'PUT /api/v1/app/<app>/endpoint/<endpoint>': {
            base: { url: 'https://example.com/' }, fields: endpoint('u') },
        'PATCH /api/v1/app/<app>/endpoint/<endpoint>': { base: {},
            empty: true,
            fields: part(endpoint('a'), ['url']) },
    }),
    ...family('event type', 'fcgi/svix/svix_types.c:fields', {
        'POST /api/v1/event-type': { stores: 'event_types',
            base: { name: 'bad.svix<serial>', description: '' },
            fields: type },
        'PUT /api/v1/event-type/<type>': { stores: 'event_types',
            base: { description: '' }, fields: typeBesides },
        'PATCH /api/v1/event-type/<type>': { stores: 'event_types', base: {},
            empty: true, fields: part(typeBesides, ['description']) },
    }),
    ...family('secret', 'fcgi/svix/svix_endpoint_parts.c:rotate_fields', {
        'POST /api/v1/app/<app>/endpoint/<endpoint>/secret/rotate': {
            base: {}, empty: true, fields: {
                key: text(1, 128, { atLeast: false, atMost: false,
                    good: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
                    wrong: [['31 characters', 'x'.repeat(31), badKey],
                        ['other characters', '!'.repeat(40), badKey]] }),
                gracePeriodSeconds: number(0, 604800) } },
    }),
    ...family('example', 'fcgi/svix/svix_other.c:example_fields', {
        'POST /api/v1/app/<app>/endpoint/<endpoint>/send-example': {
            stores: 'events', base: { eventType: 'user.created' }, good: false,
            fields: { eventType: needed(text(1, 255)),
                exampleIndex: number(0, 1000) } },
    }),
    ...family('message', 'a message of the Svix family', {
        'POST /api/v1/app/<app>/msg': { stores: 'events',
            base: { eventType: 'bad.input', payload: {} },
            fields: {
                eventType: needed(eventType()),
                payload: needed(dict({ good: {} })),
                eventId: text(1, 255),
                channels: list(10, [1, 128]),
                deliverAt: time(),
                tags: { kind: 'list', nullable: true, good: ['a', 'b'], wrong:
                    [['6 of them', ['a', 'b', 'c', 'd', 'e', 'f'],
                        says('list', 'ensure this value has at most 5 texts ' +
                            'of at most 128 bytes')]] },
                transformationsParams: { kind: 'json', good: {}, wrong: [
                    ['what would change the body', { a: 1 }, says(
                        'unsupported', 'transformations are not supported')]],
                },
                payloadRetentionPeriod: anything,
                payloadRetentionHours: anything,
                application: anything,
            } },
    }),
    ...replays('recover', [], range),
    ...replays('replay-missing', [], range),
    ...replays('bulk-replay', ['core/form/replay_form.c:bulk_filters'], {
        channel: text(0, 128, none),
        eventTypes: list(50, [1, 255]),
        since: range.since,
        status: number(0, 4, { wrong: [['1, under way', 1, states]] }),
        statusCodeClass: number(0, 500, { wrong: [['404', 404, classes]] }),
        tag: text(0, 128, none),
        until: range.until,
    }),
};
