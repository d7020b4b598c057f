// man.test.mjs - the manual pages say what the programs say, formatters read
// them without a word, and what `make install` brings `make uninstall` takes.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from
    'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { build, plainEnv, root, run } from './lib/stack.mjs';

const pages = ['postern.1', 'postern.conf.5', 'postern.fcgi.8', 'posternd.8'];
const programs = ['postern', 'posternd', 'postern.fcgi'];
const frame = (page) => join(root, 'docs/man', `${page}.in`);

let dir;
const shown = {}; // what a reader sees of each page, white space made one blank

async function done(file, args, options = {}) {
    const result = await run(file, args, { cwd: root,
        env: plainEnv({ HOME: tmpdir() }), ...options });
    assert.equal(result.code, 0,
        `${file} ${args.join(' ')}: ${result.stdout}${result.stderr}`);
    assert.equal(result.stderr, '', `${file} ${args.join(' ')}`);
    return result.stdout;
}
const say = (program, ...args) => done(join(build, program), args);
const one = (text) => text.replaceAll('`', '').replace(/\s+/g, ' ');
const has = (page, text) => assert.ok(shown[page].includes(one(text)),
    `${page} does not say: ${one(text)}`);

before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'postern-man-'));
    for (const page of pages) {
        const text = await done(join(root, 'tools/man'), [build, frame(page)]);
        writeFileSync(join(dir, page), text);
        const seen = await done('mandoc', ['-T', 'ascii', '-O', 'width=1000',
            join(dir, page)]);
        shown[page] = one(seen.replace(/.\x08/g, ''));
    }
});
after(() => rmSync(dir, { recursive: true, force: true }));

describe('the manual', () => {
    test('has a page for every frame', () => {
        assert.deepEqual(readdirSync(join(root, 'docs/man')).sort(),
            pages.map((page) => `${page}.in`));
    });

    for (const page of pages)
        test(`gives formatters nothing to warn of: ${page}`, async () => {
            const path = join(dir, page);
            assert.equal(await done('mandoc', ['-T', 'lint', path]), '');
            await done('groff', ['-man', '-ww', '-z', '-Tutf8', path]);
        });

    test('has every command, how it is called and what it does', async () => {
        const lines = (await say('postern', '--help', '--json')).trim()
            .split('\n').map((line) => JSON.parse(line));
        assert.ok(lines.length > 50);
        for (const { command, usage, help, options } of lines) {
            has('postern.1', ` ${`${command} ${usage}`.trim()} ${help}`);
            for (const option of options)
                has('postern.1', option);
        }
    });

    test('has every option of the configuration, its default and its help',
        async () => {
            const names = (await say('postern', 'config', 'show', '--json'))
                .trim().split('\n').map((line) => JSON.parse(line).name);
            const template = await say('postern', 'config', 'template');
            const entries = [...template.matchAll(
                /\n\n((?:# .*\n)+)#(\w+) =(.*)/g)];
            assert.deepEqual(entries.map(([, , name]) => name), names);
            for (const [, help, name, value] of entries)
                has('postern.conf.5', ` ${name}${value && ` =${value}`} ${
                    help.replace(/^# /gm, '')}`.trimEnd());
        });

    for (const [program, page] of [['postern', 'postern.1'],
        ['posternd', 'posternd.8'], ['postern.fcgi', 'postern.fcgi.8']])
        test(`has every option of ${program}`, async () => {
            const help = await say(program, '--help');
            const options = [...help.matchAll(
                /^ +(-.{0,21})(?<= ) *(\S.*(?:\n {23} *\S.*)*)/gm)];
            assert.ok(options.length >= 6, help);
            assert.equal(options.length, help.match(/^ +-/gm).length);
            for (const [, names, text] of options)
                has(page, ` ${names.trim()} ${text}`);
        });

    test('has every exit code', async () => {
        const [, body] = /^enum exit_code \{([^]*?)^\};/m
            .exec(readFileSync(join(root, 'cli/command.h'), 'utf8'));
        const codes = [...body.matchAll(/= (\d+),? +\/\* (.*) \*\//g)];
        assert.equal(codes.length, body.match(/EXIT_/g).length);
        for (const [, code, meaning] of codes)
            has('postern.1', ` ${code} ${meaning}`);
        for (const program of ['posternd', 'postern.fcgi']) {
            const [, text] = /^Exit: ([^]*)\.$/m
                .exec(await say(program, '--help'));
            for (const piece of text.split(/,\s+(?=\d)/))
                has(`${program}.8`, ` ${piece}`);
        }
    });

    test('names the version of the programs', async () => {
        const version = one(await say('posternd', '--version')).trim()
            .split(' ')[1];
        for (const page of pages)
            has(page, `Postern ${version}`);
    });

    test('is not made of a frame with an unknown insertion', async () => {
        const path = join(dir, 'wrong.1.in');
        writeFileSync(path, '@nothing\n');
        const result = await run(join(root, 'tools/man'), [build, path]);
        assert.equal(result.code, 1);
        assert.match(result.stderr, /nothing fills in @nothing/);
    });
});

describe('make', () => {
    const files = (folder) => readdirSync(folder,
        { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
    // The programs are there; nothing is compiled while other tests use them.
    const make = (target) => done('make', [target, `BUILD=${build}`,
        `DESTDIR=${dir}/dest`, 'PREFIX=/usr',
        ...programs.flatMap((name) => ['-o', join(build, name)])]);

    test('install brings the pages, uninstall takes what install brought, ' +
        'and nothing else', async () => {
        await make('install');
        const usr = join(dir, 'dest/usr');
        for (const page of pages)
            assert.equal(readFileSync(join(usr, 'share/man',
                `man${page.at(-1)}`, page), 'utf8'),
            readFileSync(join(dir, page), 'utf8'));
        const installed = files(usr);
        for (const name of programs)
            assert.ok(installed.some((path) => basename(path) === name), name);

        const own = [join(usr, 'share/postern/conf/mine.conf'),
            join(usr, 'share/man/man8/other.8'), join(usr, 'bin/other')];
        for (const path of own)
            writeFileSync(path, 'kept\n');
        await make('uninstall');
        assert.deepEqual(files(usr).sort(), own.sort());

        await make('install');
        for (const path of own)
            rmSync(path);
        await make('uninstall');
        assert.deepEqual(files(usr), []);
        assert.deepEqual(readdirSync(join(usr, 'share')), ['man']);
        assert.deepEqual(readdirSync(join(usr, 'lib')), []);
        await make('uninstall'); // of nothing is no error
    });
});
