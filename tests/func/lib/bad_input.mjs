// bad_input.mjs - what can be wrong with a body, made from a table of its
// fields: for each of them a wrong type, null, bounds, another name, and the
// exact 422 that says so.
//
// A field:
//   kind       str int bool word time dict dicts (a dict of texts) texts ints
//              list (of anything) json (anything)
//   required   a body without it is refused
//   nullable   false: null is refused (where it is not said, null is fine)
//   min, max   characters, the number itself, or items
//   item       [min, max] characters or value of an item
//   words      that are permitted
//   alone      those of the words, or of true and false, that are fine alone
//   alias      another name of it
//   make(n)    a good value with n characters or items, or the number n
//   good       a good value where no bound gives one
//   atMost     false: a value at the upper bound is wrong for other reasons
//   wrong      more rows: [what, value, problem] or [what, value, [problems]];
//              problem is {at: [...], msg, type}, `at` behind the field's name

// JSON text that stands in a body as it is.
export class Raw {
    constructor(text) {
        this.text = text;
    }
}

// JSON of a body, with Raw parts.
export function textOf(body) {
    const raws = [];
    const text = JSON.stringify(body, (name, value) => {
        if (!(value instanceof Raw))
            return value;
        raws.push(value.text);
        return `\u0001${raws.length - 1}\u0001`;
    });
    return text.replace(/"\\u0001(\d+)\\u0001"/g, (_, n) => raws[n]);
}

const letters = (n) => 'x'.repeat(n);
const items = (n) => Array.from({ length: n }, (_, i) => `i${i}`);

// How a good value of n characters, items or as the number n looks.
const makers = {
    str: letters,
    int: (n) => n,
    texts: items,
    ints: (n) => Array.from({ length: n }, () => 1),
    dicts: (n) => Object.fromEntries(items(n).map((name) => [name, 'x'])),
};

// What JSON type a kind wants, as a problem calls it, and values that have it.
const wanted = { str: 'str', int: 'int', bool: 'bool', word: 'str',
    time: 'str', dict: 'dict', dicts: 'dict', texts: 'list', ints: 'list',
    list: 'list' };
const ofType = { str: 'x', int: 1, bool: true, dict: {}, list: [] };

const wrongType = (want, ...at) => ({ at, msg: `${want} type expected`,
    type: `type_error.${want}` });
const isNull = { at: [], msg: 'none is not an allowed value',
    type: 'type_error.none.not_allowed' };

export function problemOf(where, name, problem) {
    return { loc: ['body', ...where, ...(name === null ? [] : [name]),
        ...(problem.at ?? [])], msg: problem.msg, type: problem.type };
}

const few = (n, of = 'any_str') => of === 'any_str'
    ? { msg: `ensure this value has at least ${n} characters`,
        type: 'value_error.any_str.min_length' }
    : { msg: `ensure this value has at least ${n} items`,
        type: `value_error.${of}.min_items` };
const many = (n, of = 'any_str') => of === 'any_str'
    ? { msg: `ensure this value has at most ${n} characters`,
        type: 'value_error.any_str.max_length' }
    : { msg: `ensure this value has at most ${n} items`,
        type: `value_error.${of}.max_items` };
const small = (n) => ({ msg: 'ensure this value is greater than or equal to ' +
    `${n}`, type: 'value_error.number.not_ge' });
const large = (n) => ({ msg: 'ensure this value is less than or equal to ' +
    `${n}`, type: 'value_error.number.not_le' });

function* wrongTypes(field) {
    const want = wanted[field.kind];
    if (want === undefined)
        return;
    for (const [type, value] of Object.entries(ofType))
        if (type !== want)
            yield [`${type} instead of ${want}`, value, wrongType(want)];
    if (field.kind === 'int')
        for (const text of ['1.5', '1e1', '1.0'])
            yield [`${text} instead of int`, new Raw(text), wrongType('int')];
}

function* bounds(field) {
    const make = field.make ?? makers[field.kind];
    const list = field.kind === 'dicts' ? 'dict' : 'list';
    switch (field.kind) {
    case 'str':
        if (field.min > 0)
            yield [`${field.min - 1} characters`,
                letters(field.min - 1), few(field.min)];
        yield [`${field.max + 1} characters`, make(field.max + 1),
            many(field.max)];
        yield ['a character that is none',
            `a\0${letters(Math.max(field.min - 2, 0))}`, { msg:
            'null characters are not allowed',
            type: 'value_error.any_str.nul' }];
        break;
    case 'int':
        yield [`${field.min - 1}`, field.min - 1, small(field.min)];
        yield [`${field.max + 1}`, field.max + 1, large(field.max)];
        yield ['a number of 30 digits', new Raw('9'.repeat(30)),
            large(field.max)];
        yield ['a negative number of 30 digits', new Raw(`-${'9'.repeat(30)}`),
            small(field.min)];
        break;
    case 'texts':
    case 'ints':
    case 'dicts':
        if (field.min > 0)
            yield [`${field.min - 1} items`, make(field.min - 1),
                few(field.min, list)];
        yield [`${field.max + 1} items`, make(field.max + 1),
            many(field.max, list)];
        yield* itemBounds(field);
        break;
    case 'word':
        yield ['an unknown word', 'nonsense', { type: 'type_error.enum', msg:
            'value is not a valid enumeration member; permitted: ' +
            field.words.map((word) => `'${word}'`).join(', ') }];
        break;
    case 'time':
        yield ['no time', 'yesterday', { msg: 'invalid datetime format',
            type: 'value_error.datetime' }];
        break;
    }
}

// The second of two items is the wrong one.
function* itemBounds(field) {
    const [min, max] = field.item;
    const at = field.kind === 'dicts' ? 'X-B' : 1;
    const first = field.kind === 'ints' ? min : 'x';
    const both = (value) => field.kind === 'dicts'
        ? { 'X-A': first, 'X-B': value } : [first, value];
    const want = field.kind === 'ints' ? 'int' : 'str';
    for (const value of [want === 'int' ? 'x' : 1, true, null, [], {}])
        yield [`${JSON.stringify(value)} among the items`, both(value),
            wrongType(want, at)];
    if (want === 'int') {
        yield ['an item too small', both(min - 1), { at: [at], ...small(min) }];
        yield ['an item too large', both(max + 1), { at: [at], ...large(max) }];
    } else {
        if (min > 0)
            yield ['an empty item', both(''), { at: [at], ...few(min) }];
        yield ['an item too long', both(letters(max + 1)),
            { at: [at], ...many(max) }];
    }
}

// All that is wrong with one field: [what, value, problems].
export function* wrongValues(field) {
    yield* wrongTypes(field);
    if (field.nullable === false)
        yield ['null', null, isNull];
    yield* bounds(field);
    for (const row of field.wrong ?? [])
        yield row;
}

// Values at the bounds, null, and each word: all are taken.
export function* goodValues(field) {
    const make = field.make ?? makers[field.kind];
    if (field.nullable !== false && field.nullable !== undefined)
        yield ['null', null];
    if (make && field.min !== undefined && field.atLeast !== false)
        yield [`${field.min}, the least`, make(field.min)];
    if (make && field.max !== undefined && field.atMost !== false)
        yield [`${field.max}, the most`, make(field.max)];
    for (const word of field.words ?? [])
        if (field.alone === undefined || field.alone.includes(word))
            yield [`'${word}'`, word];
    if (field.kind === 'bool')
        for (const value of field.alone ?? [true, false])
            yield [`${value}`, value];
    if (field.good !== undefined)
        yield ['a good value', field.good];
}
