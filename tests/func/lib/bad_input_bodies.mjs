// bad_input_bodies.mjs - the bodies of the API and what each of their fields
// may be; what a field may be is written down in bad_input.mjs.
//
//   tables   of the C sources that the fields stand in, and rows of others
//   request  method and path; {name} is an object made for the tests
//   base     what is good and has to be there; a function where each has to be
//            a new one
//   wrap     how the fields stand in the body
//   where    where in the body they stand
//   empty    no body at all is fine
//   order    of the problems, where it is not that of the fields

import { application, dict, eventType, flag, headers, isMissing, list,
    needed, notPrintable, number, ofBytes, part, patterns, range, rangeTables,
    says, text, time, tooManyBytes, url, word } from './bad_input_fields.mjs';
import { credentials } from './bad_input_auth.mjs';
import { sources } from './bad_input_sources.mjs';
import { svix } from './bad_input_svix.mjs';

const subscription = {
    url,
    events: needed({ kind: 'texts', alias: 'event_types', min: 1, max: 100,
        item: [1, 255], wrong: patterns }),
    secret: text(8, 256, { wrong: [
        ['a tab', 'a\tbcdefgh', notPrintable],
        ['an accent', 'pässwörter', notPrintable],
        ['no base64', 'whsec_!!!!', says('secret',
            'what follows whsec_ must be base64')]] }),
    description: text(0, 1000),
    active: flag(),
    retry_count: number(0, 10),
    retry_delay: number(1, 86400),
    timeout: number(1, 60, { alias: 'timeout_seconds' }),
    headers: headers(),
    metadata: dict({ good: { a: 1 },
        wrong: [['65,537 bytes', ofBytes(65527), tooManyBytes(65536)]] }),
    format: word(['envelope', 'payload', 'standard', 'cloudevents',
        'cloudevents-binary', 'slack', 'discord', 'template', 'github'], {
        alone: ['envelope', 'payload', 'standard', 'cloudevents',
            'cloudevents-binary', 'slack', 'discord', 'github'] }),
    channels: list(10, [1, 128]),
    max_concurrency: number(0, 1000),
    retry_schedule: { kind: 'ints', max: 20, item: [1, 2592000],
        nullable: true },
    rate_limit: number(0, 10000),
    ordering: word(['none', 'fifo']),
    on_exhausted: word(['skip', 'pause']),
    template: text(1, 16384, { make: (n) => `"${'x'.repeat(n - 2)}"`,
        atLeast: false, wrong: [['no JSON', '{', says('template',
            'line 1, column 2: not JSON: Expecting property name ' +
                'enclosed in double quotes')]] }),
    template_type: word(['json', 'text'], { alone: [], wrong: [
        ['no template beside it', 'json', says('template',
            'belongs to a template, which is not given')]] }),
    cloudevents_source: text(1, 200, { wrong: [['no URI', 'a b',
        says('uri', 'must be a URI reference (RFC 3986)')]] }),
    filter: dict({ good: { data: { a: 1 } }, wrong: [
        ['an unknown operator', { data: { $near: 1 } },
            says('filter', '$.data.$near: is not an operator')]] }),
    auth: dict({ good: { type: 'bearer', token: 'abc' }, wrong: [
        ['no type', {}, isMissing('type')],
        ['16,385 bytes', ofBytes(16375), tooManyBytes(16384)]] }),
    client_certificate: text(1, 65536, { atLeast: false, atMost: false,
        wrong: [['no PEM', 'x', says('certificate',
            'has no certificate in PEM')]] }),
    ed25519: flag(),
    signature_headers: word(['webhook', 'svix']),
    batch: dict({ good: { max_size: 2 }, wrong: [
        ['one event', { max_size: 1 }, says('number.not_ge',
            'ensure this value is greater than or equal to 2', 'max_size')],
        ['too many', { max_size: 1001 }, says('number.not_le',
            'ensure this value is less than or equal to 1000', 'max_size')],
        ['no size', {}, says('missing', 'field required', 'max_size')]] }),
    ttl_seconds: number(0, 31536000),
    capture_responses: flag(),
};
const trigger = {
    event: needed(eventType({ alias: 'event_type' })),
    data: needed(dict({ good: {} })),
    metadata: dict({ good: {} }),
    id: text(1, 255),
    channels: list(10, [1, 128]),
    ordering_key: text(1, 255),
    deliver_at: time({ wrong: [['more than a year ahead',
        '2099-01-01T00:00:00Z', says('datetime',
            'ensure this time is at most 366 days from now')]] }),
    application,
};
const triggered = { event: 'bad.input', data: {} };

const eventTypeFields = {
    category: text(1, 50),
    description: text(0, 1000),
    example: dict({ good: { a: 1 },
        wrong: [['65,537 bytes', ofBytes(65527), tooManyBytes(65536)]] }),
    schema: dict({ good: { type: 'object' } }),
    validate: flag({ alone: [false], wrong: [['without a schema', true,
        says('json_schema', 'there is no schema to check with')]] }),
    archived: flag(),
};

const replays = {
    'POST /api/webhooks/{id}/recover': { tables: rangeTables,
        request: ['POST', '/api/webhooks/<webhook>/recover'],
        stores: 'replays', base: { since: '2026-01-01T00:00:00Z' },
        fields: range },
    'POST /api/webhooks/{id}/replay-missing': { tables: rangeTables,
        request: ['POST', '/api/webhooks/<webhook>/replay-missing'],
        stores: 'replays', base: { since: '2026-01-01T00:00:00Z' },
        fields: range },
    'POST /api/deliveries/retry': {
        tables: [...rangeTables, 'core/form/replay_form.c:retry_filters'],
        request: ['POST', '/api/deliveries/retry'], stores: 'replays',
        empty: true,
        base: { since: '2026-01-01T00:00:00Z' },
        fields: {
            webhook_id: number(1, 4294967295, { alias: 'subscription_id',
                atMost: false }),
            status: word(['failed', 'cancelled', 'skipped', 'success']),
            event_type: text(1, 255),
            response_code: text(0, 3, { good: '4xx', atLeast: false,
                atMost: false, wrong: [['a word', 'abc', says('response_code',
                    'a status code such as 404, or a class such as 4xx')]] }),
            error_class: text(1, 16),
            since: { ...range.since, required: false, nullable: true },
            until: range.until, rate: range.rate, confirm: range.confirm,
            application,
        },
    },
};

const own = {
    'POST /api/webhooks': {
        tables: ['core/form/subscription_form.c:fields'],
        request: ['POST', '/api/webhooks'], stores: 'subscriptions',
        base: { url: 'https://example.com/', events: ['bad.input'] },
        fields: { ...subscription, application },
    },
    'PATCH /api/webhooks/{id}': {
        tables: ['core/form/subscription_form.c:fields'],
        request: ['PATCH', '/api/webhooks/<webhook>'], stores: 'subscriptions',
        base: { format: 'envelope' },
        fields: part(subscription, ['url', 'events', 'secret']),
        unknown: ['application', 'id', 'created_at'],
    },
    ...credentials,
    'batch of a webhook': {
        tables: ['core/form/subscription_batch.c:fields'],
        request: ['POST', '/api/webhooks'], stores: 'subscriptions',
        base: { max_size: 10 }, where: ['batch'],
        wrap: (batch) => ({ url: 'https://example.com/',
            events: ['bad.input'], batch }),
        fields: { max_size: needed(number(2, 1000)),
            max_wait_ms: number(0, 60000) },
    },
    'POST /api/webhooks/{id}/rotate-secret': {
        tables: ['fcgi/resource/res_subscriptions.c:grace_fields'],
        request: ['POST', '/api/webhooks/<webhook>/rotate-secret'],
        base: {}, empty: true, fields: { grace_seconds: number(0, 2592000) },
    },
    'POST /api/webhooks/test': {
        tables: ['fcgi/resource/res_tests.c:fields'],
        request: ['POST', '/api/webhooks/test'], stores: 'events',
        base: { url: '<sink>' }, good: false,
        fields: { url, event: eventType({ alias: 'event_type' }),
            data: dict() },
    },
    'POST /api/events/trigger': {
        tables: ['core/form/trigger_form.c:fields'],
        request: ['POST', '/api/events/trigger'], stores: 'events',
        base: triggered, fields: trigger, array: true,
    },
    'an item of POST /api/events/trigger': {
        tables: ['core/form/trigger_form.c:fields'],
        request: ['POST', '/api/events/trigger'], stores: 'events',
        base: triggered, fields: trigger, where: [1], nested: true,
        wrap: (item) => [triggered, item],
    },
    'POST /api/applications': {
        tables: ['fcgi/resource/res_applications.c:fields'],
        request: ['POST', '/api/applications'], stores: 'applications',
        base: { name: 'bad-<serial>' },
        fields: { name: needed(text(1, 255)),
            retention_days: number(1, 3650) },
    },
    'PATCH /api/applications/{id}': {
        tables: ['fcgi/resource/res_applications.c:fields'],
        request: ['PATCH', '/api/applications/<application>'],
        stores: 'applications', base: {}, unknown: ['name'],
        fields: { retention_days: number(1, 3650) },
    },
    'POST /api/event-types': {
        tables: ['core/form/event_type_form.c:fields'],
        request: ['POST', '/api/event-types'], stores: 'event_types',
        base: { name: 'bad.type<serial>' },
        fields: { name: needed(eventType()), ...eventTypeFields },
    },
    'PATCH /api/event-types/{name}': {
        tables: ['core/form/event_type_form.c:fields'],
        request: ['PATCH', '/api/event-types/<type>'], stores: 'event_types',
        base: {}, unknown: ['name'], fields: part(eventTypeFields),
    },
    ...replays,
    'POST /api/replays/{id}/cancel': {
        tables: ['fcgi/resource/res_replays.c:cancel_fields'],
        request: ['POST', '/api/replays/<replay>/cancel'], stores: 'replays',
        base: {}, empty: true, good: false, fields: { cancel_live: flag() },
    },
};

export const bodies = { ...own, ...sources, ...svix };

