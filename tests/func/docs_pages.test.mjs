// docs_pages.test.mjs - the pages of the documentation among each other, and
// what they say beside what the programs know.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bodyTables, sourceOptions } from './lib/body_tables.mjs';
import { subscribe } from './lib/gateway.mjs';
import { Receiver } from './lib/receiver.mjs';
import { plainEnv, root, run, Stack } from './lib/stack.mjs';

let stack;
before(async () => {
    stack = await Stack.start();
});
after(() => stack?.stop());

function pagesIn(dir) {
    return readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? pagesIn(join(dir, entry.name))
            : entry.name.endsWith('.md') ? [join(dir, entry.name)] : []);
}

const docs = pagesIn(join(root, 'docs'));
const pages = [join(root, 'README.md'), ...docs,
    ...pagesIn(join(root, 'examples'))];
const read = (path) => readFileSync(path, 'utf8');
const withoutBlocks = (text) => text.replace(/^```[\s\S]*?^```$/gm, '');

// Where "#…" may lead to, as GitHub and GitLab name the headings.
function anchors(page) {
    const found = new Set();
    for (const [, title] of withoutBlocks(read(page))
        .matchAll(/^#{1,6} (.*)$/gm)) {
        const plain = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
            .toLowerCase().replace(/[^\p{L}\p{N}\- _]/gu, '')
            .replaceAll(' ', '-');
        let name = plain;
        for (let n = 1; found.has(name); n++)
            name = `${plain}-${n}`;
        found.add(name);
    }
    return found;
}

describe('links lead somewhere', () => {
    for (const page of pages) {
        test(relative(root, page), () => {
            for (const [, link, anchor] of withoutBlocks(read(page))
                .matchAll(/\]\(([^)#:]*)(?:#([^)]*))?\)/g)) {
                const target = link === '' ? page : join(dirname(page), link);
                assert.ok(existsSync(target), `${link} is not there`);
                if (anchor !== undefined)
                    assert.ok(anchors(target).has(anchor),
                        `${link} has no #${anchor}`);
            }
        });
    }
});

test('the index names every page', () => {
    const index = join(root, 'docs/README.md');
    const named = new Set([...read(index).matchAll(/\]\(([^)#:]+)/g)]
        .map(([, link]) => join(dirname(index), link)));
    const missing = docs.filter((page) => page !== index && !named.has(page));
    assert.deepEqual(missing.map((page) => relative(root, page)), []);
});

test('pages show files as they are (tools/sync-docs)', async () => {
    const done = await run(join(root, 'tools/sync-docs'), ['--check'],
        { env: plainEnv() });
    assert.equal(done.code, 0, done.stdout + done.stderr);
});

test('the event catalogue is up to date (postern event-type markdown)',
    async () => {
        const page = join(root, 'docs/reference/event-catalogue.md');
        const done = await stack.cli('event-type', 'markdown');
        assert.equal(done.code, 0, done.stderr);
        assert.equal(read(page), done.stdout);
    });

test("an application's own catalogue has its types, and no markup of theirs",
    async () => {
        const add = async (...words) => {
            const done = await stack.cli('event-type', 'add', ...words);
            assert.equal(done.code, 0, done.stderr);
        };
        await add('invoice.paid', '--category', 'Billing | <b>',
            '--description', 'Paid [in full](x)\n# now', '--example',
            '{"n": 1.50}', '--schema', '{"type":"object"}', '--validate');
        await add('invoice.hidden', '--archive');
        const { stdout } = await stack.cli('event-type', 'markdown',
            '--title', 'Events of Acme');
        assert.match(stdout, /^# Events of Acme\n/);
        assert.ok(stdout.includes('\n## Billing \\| \\<b\\>\n'), stdout);
        assert.ok(stdout.includes('\n### `invoice.paid`\n\n' +
            'Paid \\[in full\\](x) \\# now.\n\n```json\n{"n": 1.50}\n```\n\n' +
            'Data that does not satisfy this schema is refused:\n\n' +
            '```json\n{"type":"object"}\n```\n'), stdout.slice(-800));
        assert.ok(!stdout.includes('invoice.hidden'));
    });

describe('the bodies of the page about formats', () => {
    const page = read(join(root, 'docs/reference/formats.md'));
    const parts = page.split(/^## /m);
    const blocksOf = (part) => [...part.matchAll(/^```json\n([\s\S]*?)^```$/gm)]
        .map(([, text]) => text.trimEnd());
    // Ids and times are others.
    const plain = (text) => text.replace(/evt_[0-9a-z]+/g, 'evt_')
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'T')
        .replace(/"ts":\d+/g, '"ts":0');
    let receiver;
    before(async () => {
        receiver = await Receiver.start();
    });
    after(() => receiver?.stop());

    for (const part of parts.slice(1)) {
        const format = /^`([\w-]+)`/.exec(part)?.[1];
        const blocks = blocksOf(part);
        if (!format || blocks.length === 0)
            continue;
        test(`${format} looks like that`, async () => {
            const place = receiver.place(format);
            const template = /^`(\{.*\})` it is$/m.exec(part)?.[1];
            const made = await subscribe(stack, place.url, ['order.created'], {
                format, ...template && { template } });
            const sent = await stack.api().post('/api/events/trigger',
                blocksOf(parts[0])[0]);
            assert.equal(sent.status, 202, sent.text);
            const { body } = await place.arrived(1);
            assert.ok(blocks.map(plain).includes(plain(body.toString())),
                body.toString());
            await stack.api().delete(`/api/webhooks/${made.id}`);
        });
    }
});

describe('what the programs know is documented', () => {
    const said = (...names) => names.map((name) =>
        read(join(root, 'docs/reference', name))).join('\n');

    test('every field of a subscription, a trigger and a source', () => {
        const tables = bodyTables();
        const where = [
            ['core/form/subscription_form.c:fields',
                said('http-api.md', 'subscriptions.md')],
            ['core/form/subscription_batch.c:fields',
                said('http-api.md', 'subscriptions.md')],
            ['core/form/trigger_form.c:fields', said('http-api.md')],
            ['core/form/event_type_form.c:fields', said('event-types.md')],
            ['core/form/replay_form.c:retry_filters', said('http-api.md')],
            ['core/form/source_form.c:fields', said('sources.md')],
            ['core/form/source_form_verifier.c:fields', said('sources.md')],
        ];
        for (const [table, text] of where)
            for (const { name, alias } of tables[table])
                for (const one of [name, alias].filter(Boolean))
                    assert.match(text, new RegExp(`\\b${one}\\b`),
                        `${one} of ${table}`);
        for (const name of sourceOptions())
            assert.ok(said('sources.md').includes(`\`${name}\``), name);
    });

    // "/api/a/{id}/b", `/c` says "/api/a/{id}/c" as well.
    test('every route', () => {
        const plain = (text) => text.replace(/\{\w+\}/g, '{}');
        const lines = plain(said('http-api.md', 'sources.md',
            'event-types.md')).split('\n');
        const missing = [...routes()].filter((path) => {
            const whole = plain(path);
            const cut = whole.lastIndexOf('/');
            return !lines.some((line) => line.includes(whole) ||
                (line.includes(whole.slice(0, cut)) &&
                line.includes(`\`${whole.slice(cut)}`)));
        });
        assert.deepEqual(missing, []);
    });
});

// Paths of all tables of routes, as they stand in the sources.
function routes() {
    const found = new Set();
    for (const dir of ['resource', 'receive', '.'])
        for (const name of readdirSync(join(root, 'fcgi', dir))) {
            if (!name.endsWith('.c'))
                continue;
            const text = read(join(root, 'fcgi', dir, name));
            const prefix = /#define PATH "([^"]+)"/.exec(text)?.[1] ?? '';
            for (const [, own, path] of text.matchAll(
                /\{METHOD_\w+, (PATH )?"([^"]+)"/g))
                found.add((own ? prefix : '') + path);
        }
    return found;
}
