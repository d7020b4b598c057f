// bad_input_sources.mjs - the bodies about sources, and what each of their
// fields may be; see bad_input.mjs.

import { application, dict, flag, isMissing, list, needed, noUrl, notPublic, number, part,
    patterns, says, text, tooManyBytes, urlOf, word } from
    './bad_input_fields.mjs';

const badName = says('name', "a name has lower-case letters, digits, '-' and " +
    "'_', and begins with a letter or digit");
const badSecret = says('secret', 'a secret has 8 to 1024 bytes');
const providers = ['supabase', 'notion', 'postern', 'supabase_auth', 'standard',
    'svix', 'github', 'gitlab', 'bitbucket', 'jira', 'stripe', 'slack',
    'shopify', 'linear', 'twilio', 'sendgrid', 'discord', 'x', 'hmac', 'token',
    'basic'];
const secret = text(0, 1024, { atLeast: false, wrong: [
    ['7 bytes', '1234567', badSecret],
    ['a tab', 'a\tbcdefgh', says('secret',
        'control characters are not allowed')]] });
const columns = says('key_columns',
    'value is not of the form {"table": ["column", ...]}');

const fields = {
    name: needed(text(1, 64, { wrong: [['a capital', 'Shop', badName],
        ['a reserved one', 'stats', says('name', 'this name is reserved')]] })),
    provider: needed(text(1, 32, { good: 'github', atLeast: false,
        atMost: false, wrong: [['an unknown one', 'nobody', {
            type: 'type_error.enum', msg: 'value is not a valid enumeration ' +
                'member; permitted: ' +
                providers.map((name) => `'${name}'`).join(', ') }]] })),
    description: text(0, 255),
    secret,
    keep_secrets: flag({ nullable: false }),
    api_key: text(1, 2048, { wrong: [['a space', 'a b', says('api_key',
        'only printable ASCII characters are allowed, and no spaces')]] }),
    max_attempts: number(1, 20),
    retry_delay: number(1, 86400),
    concurrency: number(1, 1000),
    relay: word(['processed', 'received']),
    key_columns: dict({ good: { users: ['id'] }, wrong: [
        ['a text as columns', { users: 'id' }, columns],
        ['no columns', { users: [] }, columns],
        ['1,001 bytes', { users: ['x'.repeat(990)] }, tooManyBytes(1000)]] }),
};
const verifiers = { kind: 'list', nullable: true, good: [{ kind: 'preset',
    secrets: ['12345678'] }], wrong: [
    ['a text among them', ['x'], { at: [0], msg: 'dict type expected',
        type: 'type_error.dict' }],
    ['7 of them', Array.from({ length: 7 }, () => ({ kind: 'preset' })),
        { msg: 'ensure this value has at most 6 items',
            type: 'value_error.list.max_items' }]] };

const path = text(1, 256);
const badPath = (value, msg) => ['no path', value, says('path', msg)];
const target = (more = []) => text(1, 2048, { make: urlOf, atLeast: false,
    wrong: [['no URL', 'example.com', noUrl], ...more] });
const noPattern = (...at) => says('event_type',
    'is no event type and no pattern of one', ...at);
const tab = says('text', 'control characters are not allowed', 1);
const names = (most, more) => list(100, [1, most], { wrong: [
    ['a tab', ['a', 'b\tc'], tab]], ...more });

const options = {
    verify: word(['enforce', 'monitor', 'off']),
    allow_from: list(100, [1, 64], { atMost: false,
        good: ['10.0.0.0/8', '::1'], wrong: [['no network', ['10.0.0.0/8',
            'example.com'], says('network',
            'value is not an IP address or network', 1)]] }),
    public_url: target(),
    rate_limit: number(0, 100000),
    address_rate_limit: number(0, 100000),
    queue_size: number(0, 10000000),
    dedupe: text(1, 256, { good: 'body_sha256', atLeast: false, atMost: false,
        wrong: [['an unknown one', 'magic', says('dedupe',
            'must be none, header:NAME, json:PATH, signature or body_sha256')]] }),
    type_path: { ...path, wrong: [badPath('a..b',
        'must be like $.name[0].name or header:NAME')] },
    table_path: path,
    record_path: path,
    data_path: path,
    time_path: path,
    watch: names(255),
    watch_types: list(100, [1, 255], { wrong: patterns }),
    ignore_authors: names(128),
    answer_status: number(0, 299, { good: 204, wrong: [['150', 150,
        says('status', 'ensure this value is 0, or from 200 to 299')]] }),
    answer_body: { kind: 'json', nullable: true, good: { ok: [1] }, wrong: [
        ['2,049 bytes', 'x'.repeat(2047), says('max_bytes',
            'ensure this value has at most 2048 bytes')]] },
    mirror: flag(),
    debounce_ms: number(0, 86400000),
    debounce_max_ms: number(0, 86400000),
    fetch: flag(),
    api_url: target([['a private address', 'http://10.0.0.1/', notPublic]]),
    api_rate: number(0, 10000),
    when_down: word(['hold', 'apply', 'fail']),
    confidence_percent: number(0, 100),
    version_field: text(1, 128, { wrong: [['a tab', 'a\tb',
        says('text', 'control characters are not allowed')]] }),
    cache_keys: list(100, [1, 255], { wrong: [['an open brace', ['a', '{b'],
        says('template', "'{' without '}'; a brace itself is written '{{'", 1)]] }),
    invalidate_url: target([['a private address', 'http://10.0.0.1/',
        notPublic]]),
    triggers: { kind: 'list', nullable: true,
        good: [{ name: 'a', on: ['*'] }], wrong: [
            ['a text among them', ['x'], { at: [0], type: 'type_error.dict',
                msg: 'value is not a valid dict' }],
            ['one without a name', [{ on: ['*'] }], isMissing(0, 'name')],
            ['51 of them', Array.from({ length: 51 }, (_, i) =>
                ({ name: `r${i}`, on: ['*'] })), { msg:
                'ensure this value has at most 50 items',
            type: 'value_error.list.max_items' }],
            ['wrong ones at several places', [{ on: ['*'] }, { name: 'a',
                on: ['*', 'a.*.b'], refresh: 1 }],
            [isMissing(0, 'name'), noPattern(1, 'on', 1),
                { at: [1, 'refresh'], msg: 'str type expected',
                    type: 'type_error.str' }]]] },
    poll_tables: names(128),
    poll_s: number(0, 604800),
};

const tables = ['core/form/source_form.c:fields', 'options of a source'];

export const sources = {
    'POST /api/sources': { tables, stores: 'sources',
        request: ['POST', '/api/sources'],
        base: { name: 'bad-<serial>', provider: 'hmac' },
        fields: { ...fields, application: application, verifiers, ...options },
    },
    'PATCH /api/sources/{id}': { tables, stores: 'sources',
        request: ['PATCH', '/api/sources/<source>'], base: {},
        fields: part({ ...fields, name: { ...fields.name, make: (n) =>
            'y'.repeat(n) }, application, verifiers, ...options },
        ['name', 'provider', 'keep_secrets', 'application']),
    },
    'a verifier of a source': { stores: 'sources', nested: true,
        tables: ['core/form/source_form_verifier.c:fields'],
        request: ['POST', '/api/sources'], where: ['verifiers', 0],
        base: { kind: 'hmac', header: 'X-Sig', secrets: ['12345678'] },
        wrap: (verifier) => ({ name: 'bad-<serial>', provider: 'hmac',
            verifiers: [verifier] }),
        fields: {
            kind: needed(text(1, 32, { good: 'hmac', atLeast: false,
                atMost: false })),
            header: { ...text(1, 100), nullable: undefined },
            prefix: text(1, 100),
            prefix_optional: flag({ alone: [false] }),
            encoding: word(['hex', 'base64']),
            digest: word(['sha256', 'sha512', 'sha1']),
            signed: text(1, 256, { good: '{body}', atLeast: false,
                atMost: false }),
            timestamp_header: text(1, 100, { atLeast: false, atMost: false }),
            id_header: text(1, 100, { atLeast: false, atMost: false }),
            window: number(-1, 86400, { atLeast: false, atMost: false }),
            secrets: list(5, [1, 1024], { atLeast: false, good: ['12345678',
                '87654321'], make: (n) => Array.from({ length: n }, (_, i) =>
                `secret-${i}`) }),
        },
    },
    'a trigger of a source': { stores: 'sources', nested: true,
        tables: ['core/source/trigger_rule.c:fields'],
        request: ['POST', '/api/sources'], where: ['triggers', 0],
        base: { name: 'a', on: ['*'], refresh: 'b' },
        wrap: (rule) => ({ name: 'bad-<serial>', provider: 'hmac',
            triggers: [rule] }),
        fields: {
            name: needed(text(1, 64, { wrong: [['a space', 'a b', {
                type: 'value_error', msg:
                    "has letters, digits, '_' and '-'" }]] })),
            on: needed(list(50, [1, 255], { min: 1, wrong: [
                ['a star in the middle', ['a.*.b'], noPattern(0)]] })),
            tables: list(50, [1, 128]),
            when: dict({ good: { new: { a: 1 } }, wrong: [
                ['an unknown operator', { a: { $near: 1 } },
                    says('filter', '$.a.$near: is not an operator')]] }),
            changed: list(50, [1, 255]),
            emit: text(1, 255, { wrong: [['a pattern', 'a.*',
                says('event_type', 'is no event type')]] }),
            action: text(1, 255),
            wait: flag({ alone: [false], wrong: [['nothing to wait for', true,
                says('trigger',
                    'needs "emit", there is nothing to wait for')]] }),
            refresh: text(1, 255),
            refresh_table: text(1, 128),
        },
    },
    'POST /api/sources/{id}/rotate-secret': { stores: 'sources',
        tables: ['fcgi/resource/res_source_secrets.c:rotate_fields'],
        request: ['POST', '/api/sources/<source>/rotate-secret'], base: {},
        empty: true, fields: { secret, drop_others: flag() },
    },
    'POST /api/sources/{id}/confirm': { stores: 'sources', good: false,
        tables: ['fcgi/resource/res_source_secrets.c:confirm_fields'],
        request: ['POST', '/api/sources/<source>/confirm'], base: {},
        empty: 409, fields: { keep_secrets: flag() },
    },
};
