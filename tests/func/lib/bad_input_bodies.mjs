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

const text = (min, max, more) => ({ kind: 'str', min, max, nullable: true,
    ...more });
const number = (min, max, more) => ({ kind: 'int', min, max, nullable: true,
    ...more });
const flag = (more) => ({ kind: 'bool', nullable: true, ...more });
const word = (words, more) => ({ kind: 'word', words, nullable: true, ...more });
const list = (max, item, more) => ({ kind: 'texts', max, item, nullable: true,
    ...more });
const dict = (more) => ({ kind: 'dict', nullable: true, ...more });
const time = (more) => ({ kind: 'time', nullable: true,
    good: '2026-01-01T15:00:00Z', ...more });
// A field that has to be there, and not as null.
const needed = (field) => ({ ...field, required: true, nullable: false });

const says = (type, msg, ...at) => ({ at, msg, type: `value_error.${type}` });
const tooManyBytes = (n) => says('dict.max_bytes',
    `ensure this value has at most ${n} bytes`);
const ofBytes = (n) => ({ pad: 'x'.repeat(n) });
const notFound = says('application', 'application not found');
const isMissing = (...at) => says('missing', 'field required', ...at);

const urlOf = (n) => 'https://example.com/' + 'x'.repeat(n - 20);
const url = needed(text(1, 2048, { make: urlOf, atLeast: false, wrong: [
    ['no URL', 'example.com', says('url', 'invalid or unsupported URL')],
    ['another scheme', 'ftp://example.com/',
        says('url', 'invalid or unsupported URL')],
    ['a private address', 'http://10.0.0.1/', says('url.host',
        'address is private or not allowed')],
] }));
const notPrintable = says('secret',
    'only printable ASCII characters are allowed');
const patterns = [
    ['a pattern that is none', ['a', 'b c'],
        says('event_type', 'invalid event type or pattern', 1)],
    ['a star in the middle', ['a.*.b'],
        says('event_type', 'invalid event type or pattern', 0)],
];
const eventType = (more) => text(1, 255, { wrong: [
    ['white space', 'a b', says('event_type', 'invalid event type')],
    ['a pattern', 'a.*', says('event_type', 'invalid event type')]], ...more });
const headersOf = (n) => Object.fromEntries(
    Array.from({ length: n }, (_, i) => [`X-H${i}`, 'x']));
const headers = (more) => ({ kind: 'dicts', max: 20, item: [1, 8192],
    nullable: true, make: headersOf, wrong: [
        ['a header of HTTP', { Host: 'x' }, says('header.reserved',
            'this header is set by the gateway', 'Host')],
        ['a name that is none', { 'X Y': 'x' }, says('header.name',
            'invalid header name', 'X Y')],
        ['a line break', { 'X-A': 'a\r\nb: c' }, says('header.value',
            'invalid header value', 'X-A')],
        ['8,193 bytes in all', { 'X-A': 'x'.repeat(8190) },
            tooManyBytes(8192)],
    ], ...more });

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
        'cloudevents-binary', 'slack', 'discord', 'template'], {
        alone: ['envelope', 'payload', 'standard', 'cloudevents',
            'cloudevents-binary', 'slack', 'discord'] }),
    channels: list(10, [1, 128]),
    max_concurrency: number(0, 1000),
    retry_schedule: { kind: 'ints', max: 20, item: [1, 2592000],
        nullable: true },
    rate_limit: number(0, 10000),
    ordering: word(['none', 'fifo']),
    on_exhausted: word(['skip', 'pause']),
    template: text(1, 16384, { make: (n) => `"${'x'.repeat(n - 2)}"`,
        atLeast: false, wrong: [['no JSON', '{', says('template',
            'this is not JSON: unexpected end of JSON at offset 1')]] }),
    template_type: word(['json', 'text'], { alone: [], wrong: [
        ['no template beside it', 'json', says('template',
            'belongs to a template, which is not given')]] }),
    cloudevents_source: text(1, 200, { wrong: [['no URI', 'a b',
        says('uri', 'must be a URI reference (RFC 3986)')]] }),
    filter: dict({ good: { data: { a: 1 } }, wrong: [
        ['an unknown operator', { data: { $near: 1 } },
            says('filter', '?')]] }),
    auth: dict({ good: { type: 'bearer', token: 'abc' }, wrong: [
        ['no type', {}, says('auth', '?')],
        ['an unknown type', { type: 'magic' }, says('auth', '?')],
        ['an unknown member', { type: 'bearer', token: 'a', colour: 1 },
            says('auth', '?')]] }),
    client_certificate: text(1, 65536, { atLeast: false, atMost: false,
        wrong: [['no PEM', 'x', says('certificate', '?')]] }),
    ed25519: flag(),
    signature_headers: word(['webhook', 'svix']),
    batch: dict({ good: { max_size: 10 }, wrong: [
        ['an empty one', {}, isMissing('max_size')]] }),
    ttl_seconds: number(0, 31536000),
    capture_responses: flag(),
};
const application = text(1, 255, { atLeast: false, atMost: false,
    good: 'default', wrong: [['one that is not there', 'nobody', notFound]] });

// What a PATCH may have: nothing is needed, and some cannot be reset.
const part = (fields, notNull = []) => Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name,
        { ...field, required: false, nullable: notNull.includes(name)
            ? false : field.nullable }]));

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

export const bodies = {
    'POST /api/webhooks': {
        tables: ['core/form/subscription_form.c:fields'],
        request: ['POST', '/api/webhooks'], stores: 'subscriptions',
        base: { url: 'https://example.com/', events: ['bad.input'] },
        fields: { ...subscription, application },
    },
    'PATCH /api/webhooks/{id}': {
        tables: ['core/form/subscription_form.c:fields'],
        request: ['PATCH', '/api/webhooks/{webhook}'], stores: 'subscriptions',
        base: {}, fields: part(subscription, ['url', 'events', 'secret']),
        unknown: ['application', 'id', 'created_at'],
    },
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
        request: ['POST', '/api/webhooks/{webhook}/rotate-secret'],
        base: {}, empty: true, fields: { grace_seconds: number(0, 604800) },
    },
    'POST /api/webhooks/test': {
        tables: ['fcgi/resource/res_tests.c:fields'],
        request: ['POST', '/api/webhooks/test'], stores: 'events',
        base: { url: '{sink}' }, good: false,
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
};
