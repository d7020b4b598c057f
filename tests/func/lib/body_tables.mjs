// body_tables.mjs - the tables of fields that the programs read bodies by, as
// they stand in the C sources.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './stack.mjs';

function sources(dir) {
    return readdirSync(join(root, dir), { withFileTypes: true })
        .flatMap((entry) => entry.isDirectory()
            ? sources(join(dir, entry.name))
            : entry.name.endsWith('.c') ? [join(dir, entry.name)] : []);
}

// The text from an opening brace to the one that closes it.
function braces(text, from) {
    let depth = 0;
    for (let at = text.indexOf('{', from); ; at++) {
        if (text[at] === '{')
            depth++;
        if (text[at] === '}' && --depth === 0)
            return text.slice(from, at);
    }
}

function namesIn(table) {
    return [...table.matchAll(
        /\.name = "(\w+)"(?:,\s*\.alias = "(\w+)")?|= TEXT\("(\w+)"/g)]
        .map(([, name, alias, text]) => ({ name: name ?? text, alias }));
}

// {"core/form/trigger_form.c:fields": [{name, alias}, ...]} of every table of
// constants, and of single rows ("FILE:since_field").
export function bodyTables() {
    const tables = {};
    for (const file of [...sources('core'), ...sources('fcgi')]) {
        const text = readFileSync(join(root, file), 'utf8');
        for (const match of text.matchAll(
            /^static const struct body_field (\w+)(?:\[\w*\])? = \{/gm))
            tables[`${file}:${match[1]}`] =
                namesIn(braces(text, match.index));
    }
    return tables;
}

// Names of the options of a source.
export function sourceOptions() {
    const text = readFileSync(
        join(root, 'core/source/source_options.c'), 'utf8');
    const from = text.indexOf('static const struct option table[]');
    return [...braces(text, from).matchAll(/^ {4}\{"(\w+)", OPTION_/gm)]
        .map(([, name]) => name);
}

// Names that a message of the Svix family may have.
export function messageMembers() {
    const text = readFileSync(
        join(root, 'fcgi/svix/svix_message_form.c'), 'utf8');
    const from = text.indexOf('} members[] = {');
    return [...braces(text, from + 1).matchAll(/^ {4}\{"(\w+)", /gm)]
        .map(([, name]) => name);
}
