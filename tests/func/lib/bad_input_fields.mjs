// bad_input_fields.mjs - fields that several bodies have, and words that their
// problems have in common; what a field may be is written down in
// bad_input.mjs.

export const text = (min, max, more) =>
    ({ kind: 'str', min, max, nullable: true, ...more });
export const number = (min, max, more) =>
    ({ kind: 'int', min, max, nullable: true, ...more });
export const flag = (more) => ({ kind: 'bool', nullable: true, ...more });
export const word = (words, more) =>
    ({ kind: 'word', words, nullable: true, ...more });
export const list = (max, item, more) =>
    ({ kind: 'texts', max, item, nullable: true, ...more });
export const dict = (more) => ({ kind: 'dict', nullable: true, ...more });
export const time = (more) => ({ kind: 'time', nullable: true,
    good: '2026-01-01T15:00:00Z', ...more });
// A field that has to be there, and not as null.
export const needed = (field) =>
    ({ ...field, required: true, nullable: false });

export const says = (type, msg, ...at) =>
    ({ at, msg, type: `value_error.${type}` });
export const tooManyBytes = (n) => says('dict.max_bytes',
    `ensure this value has at most ${n} bytes`);
export const ofBytes = (n) => ({ pad: 'x'.repeat(n) });
export const notFound = says('application', 'application not found');
export const isMissing = (...at) => says('missing', 'field required', ...at);

export const urlOf = (n) => 'https://example.com/' + 'x'.repeat(n - 20);
export const noUrl = says('url', 'not an absolute http or https URL with a ' +
    'plain host name or address, without user, fragment, spaces or control ' +
    'characters, at most 2048 bytes');
export const notPublic = says('url.host', 'the host is not on the public ' +
    'Internet; the administrator can list its network in allow_targets');
export const url = needed(text(1, 2048, { make: urlOf, atLeast: false, wrong: [
    ['no URL', 'example.com', noUrl],
    ['another scheme', 'ftp://example.com/', noUrl],
    ['a private address', 'http://10.0.0.1/', notPublic],
] }));
export const notPrintable = says('secret',
    'only printable ASCII characters are allowed');
export const patterns = [
    ['a pattern that is none', ['a', 'b c'],
        says('event_type', 'invalid event type or pattern', 1)],
    ['a star in the middle', ['a.*.b'],
        says('event_type', 'invalid event type or pattern', 0)],
];
export const eventType = (more) => text(1, 255, { wrong: [
    ['white space', 'a b', says('event_type', 'invalid event type')],
    ['a pattern', 'a.*', says('event_type', 'invalid event type')]], ...more });
export const headersOf = (n) => Object.fromEntries(
    Array.from({ length: n }, (_, i) => [`X-H${i}`, 'x']));
export const headers = (more) => ({ kind: 'dicts', max: 20, item: [1, 4096],
    nullable: true, make: headersOf, wrong: [
        ['a header of HTTP', { Host: 'x' }, says('header.reserved',
            'is set by HTTP itself', 'Host')],
        ['a name that is none', { 'X Y': 'x' }, says('header.name',
            'is not the name of a header', 'X Y')],
        ['a line break', { 'X-A': 'a\r\nb: c' }, says('header.value',
            'invalid header value', 'X-A')],
        ['8,193 bytes in all', { 'X-A': 'x'.repeat(4096),
            'X-B': 'x'.repeat(4091) }, tooManyBytes(8192)],
    ], ...more });

export const application = text(1, 255, { atLeast: false, atMost: false,
    good: 'default', wrong: [['one that is not there', 'nobody', notFound]] });

// What a PATCH may have: nothing is needed, and some cannot be reset.
export const part = (fields, notNull = []) => Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name,
        { ...field, required: false, nullable: notNull.includes(name)
            ? false : field.nullable }]));

// Which part of the past is meant.
export const range = {
    since: needed(time({ wrong: [['the future', '2099-01-01T00:00:00Z',
        says('since', 'must not be in the future')]] })),
    until: time({ good: '2030-01-01T00:00:00Z', wrong: [['before since',
        '2020-01-01T00:00:00Z', says('until', 'must not be before since')]] }),
    rate: number(1, 10000),
    confirm: flag(),
};
export const rangeTables = ['since', 'until', 'rate', 'confirm'].map(
    (name) => `core/form/replay_form.c:${name}_field`);
