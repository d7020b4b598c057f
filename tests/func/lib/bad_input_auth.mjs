// bad_input_auth.mjs - the credentials of a subscription, and what each of their
// members may be by their type; see bad_input.mjs.

import { flag, needed, says, text, url, word } from './bad_input_fields.mjs';

const given = (field) => ({ ...field, nullable: false });
const wrong = (msg) => says('auth', msg);
const control = ['a line break', 'a\nb', wrong('has control characters')];
const member = (min, max, ...more) =>
    given(text(min, max, { wrong: [control, ...more] }));

const types = {
    basic: {
        base: { user: 'a' }, others: ['token', 'scope'],
        fields: {
            user: needed(member(0, 2048,
                ['a colon', 'a:b', wrong('cannot have a colon')],
                ['2,050 bytes', 'é'.repeat(1025),
                    wrong('has more than 2048 bytes')])),
            password: member(0, 2048),
        },
    },
    bearer: {
        base: { token: 'a' }, others: ['user', 'header'],
        fields: {
            token: needed(member(1, 4096, ['a space', 'a b',
                wrong('has other than visible ASCII characters')])),
        },
    },
    api_key: {
        base: { token: 'a' }, others: ['user', 'client_id'],
        fields: {
            token: needed(member(1, 4096, ['an accent', 'é',
                wrong('has other than ASCII characters')],
            ['a space behind it', 'a ',
                wrong('has white space around it')])),
            header: given(text(1, 256, { wrong: [
                ['a space', 'a b', wrong('is not the name of a header')],
                ['one of HTTP', 'Host', wrong('is set by HTTP itself')]] })),
        },
    },
    oauth2: {
        base: { token_url: 'https://example.com/', client_id: 'a',
            client_secret: 'b' },
        others: ['token', 'password'],
        fields: {
            token_url: url,
            client_id: needed(member(1, 512)),
            client_secret: needed(member(1, 1024)),
            scope: member(0, 2048, ['a quotation mark', 'a "b"',
                wrong('has characters that no scope has')]),
            audience: member(0, 2048),
            secret_in_body: given(flag()),
        },
    },
};

export const credentials = Object.fromEntries(Object.entries(types).map(
    ([type, { base, others, fields }]) => [`auth of a webhook: ${type}`, {
        tables: ['core/form/auth_form.c:fields'],
        request: ['POST', '/api/webhooks'], stores: 'subscriptions',
        where: ['auth'], base: { type, ...base },
        unknown: ['colour', ...others],
        wrap: (auth) => ({ url: 'https://example.com/',
            events: ['bad.input'], auth }),
        fields: {
            type: needed(word(Object.keys(types), { alone: [type] })),
            ...fields,
        },
    }]));
