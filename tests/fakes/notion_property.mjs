// notion_property.mjs - properties of Notion's pages: from plain values to
// what the API shows, and back.

import { createHash } from 'node:crypto';

export const richText = (text) => text === '' ? [] : [{ type: 'text',
    text: { content: text, link: null }, plain_text: text, href: null,
    annotations: { bold: false, italic: false, strikethrough: false,
        underline: false, code: false, color: 'default' } }];

const option = (name) => name === null ? null : { name, color: 'default',
    id: createHash('md5').update(name).digest('hex').slice(0, 8) };

// Of each type: how a plain value is shown, and what an empty one is.
const types = {
    title: richText,
    rich_text: richText,
    number: (value) => value,
    checkbox: (value) => value,
    select: option,
    status: option,
    multi_select: (names) => names.map(option),
    date: (start) => start === null ? null
        : { start, end: null, time_zone: null },
    relation: (ids) => ids.map((id) => ({ id })),
    url: (value) => value,
};
const empty = { title: '', rich_text: '', number: null, checkbox: false,
    select: null, status: null, multi_select: [], date: null, relation: [],
    url: null };

// Four characters that have to be encoded in a URL, as Notion's ids have; the
// title's is "title".
function propertyId(name, type) {
    const digest = createHash('md5').update(name).digest();
    const letters = 'ABCDwxyz;:<>?@[]';
    return type === 'title' ? 'title' : encodeURIComponent(
        [...digest.subarray(0, 4)].map((byte) => letters[byte % 16]).join(''));
}

// {name: type} as a data source shows its columns.
export function propertySchema(schema) {
    return Object.fromEntries(Object.entries(schema).map(([name, type]) =>
        [name, { id: propertyId(name, type), name, type, description: null,
            [type]: {} }]));
}

export function makeProperties(schema, values) {
    return Object.fromEntries(Object.entries(schema).map(
        ([name, { id, type }]) => [name, { id, type,
            [type]: types[type](values[name] ?? empty[type]),
            ...(type === 'relation' ? { has_more: false } : {}) }]));
}

export function edited(properties, values) {
    const out = { ...properties };
    for (const [name, value] of Object.entries(values)) {
        if (!out[name])
            throw new Error(`the page has no property ${name}`);
        const { type } = out[name];
        out[name] = { ...out[name], [type]: types[type](value) };
    }
    return out;
}

// The value that filters and sorts compare.
export function plainValue(property) {
    const value = property[property.type];
    if (property.type === 'title' || property.type === 'rich_text')
        return value.map((part) => part.plain_text).join('');
    if (property.type === 'select' || property.type === 'status')
        return value?.name ?? null;
    return property.type === 'date' ? value?.start ?? null : value;
}

// The title of a page, database or data source.
export function plainTitle(object) {
    const title = Array.isArray(object.title) ? object.title
        : Object.values(object.properties ?? {})
            .find((property) => property.type === 'title')?.title ?? [];
    return title.map((part) => part.plain_text).join('');
}
