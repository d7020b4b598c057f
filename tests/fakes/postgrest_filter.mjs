// postgrest_filter.mjs - PostgREST's filters: column=op.value, in lists, and
// trees of and() and or().

import { compare } from './postgrest_value.mjs';

// Splits at commas outside quotes and parentheses.
export function splitList(text) {
    const parts = [];
    let depth = 0;
    let quoted = false;
    let part = '';
    for (let i = 0; i < text.length; i++) {
        const c = text[i];
        if (quoted && c === '\\') {
            part += c + (text[++i] ?? '');
            continue;
        }
        if (c === '"')
            quoted = !quoted;
        else if (!quoted && c === '(')
            depth++;
        else if (!quoted && c === ')')
            depth--;
        if (c === ',' && !quoted && depth === 0) {
            parts.push(part);
            part = '';
        } else {
            part += c;
        }
    }
    return part === '' && parts.length === 0 ? [] : [...parts, part];
}

const unquoted = (text) => /^".*"$/s.test(text)
    ? text.slice(1, -1).replace(/\\(.)/gs, '$1') : text;

const signs = {
    eq: (order) => order === 0,
    neq: (order) => order !== 0,
    gt: (order) => order > 0,
    gte: (order) => order >= 0,
    lt: (order) => order < 0,
    lte: (order) => order <= 0,
};

// A test of rows for "op.value" on a column. quotes: values may stand in them.
function columnTest(column, text, tools, quotes) {
    const type = tools.typeOf(column);
    const [, not, op, value] =
        /^(not\.)?([a-z]+)\.(.*)$/s.exec(text) ?? [];
    let test;
    if (signs[op]) {
        const want = tools.cast(type, quotes ? unquoted(value) : value);
        test = (row) => row[column] !== null &&
            signs[op](compare(type, row[column], want));
    } else if (op === 'in' && /^\(.*\)$/s.test(value)) {
        const wants = splitList(value.slice(1, -1)).map((one) =>
            tools.cast(type, unquoted(one)));
        test = (row) => row[column] !== null && wants.some((want) =>
            compare(type, row[column], want) === 0);
    } else if (op === 'is' && ['null', 'true', 'false'].includes(value)) {
        const want = { null: null, true: true, false: false }[value];
        test = (row) => row[column] === want;
    } else {
        tools.refuse(`unexpected "${text.slice(0, 1)}" expecting "not" or ` +
            'operator (eq, gt, ...)');
    }
    return not ? (row) => row[column] !== null && !test(row) : test;
}

function treeTest(word, text, tools) {
    if (!/^\(.*\)$/s.test(text))
        tools.refuse('unexpected end of input expecting "("');
    const tests = splitList(text.slice(1, -1)).map((part) => {
        const tree = /^(not\.)?(and|or)(\(.*\))$/s.exec(part);
        if (tree)
            return treeTest((tree[1] ?? '') + tree[2], tree[3], tools);
        const dot = part.indexOf('.');
        return columnTest(part.slice(0, dot), part.slice(dot + 1), tools, true);
    });
    const test = word.endsWith('and')
        ? (row) => tests.every((one) => one(row))
        : (row) => tests.some((one) => one(row));
    return word.startsWith('not.') ? (row) => !test(row) : test;
}

// The test that one query parameter stands for. tools: typeOf(column),
// cast(type, text), refuse(detail).
export function parseFilter(name, value, tools) {
    return /^(not\.)?(and|or)$/.test(name) ? treeTest(name, value, tools)
        : columnTest(name, value, tools, false);
}
