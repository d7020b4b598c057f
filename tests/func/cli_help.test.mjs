// cli_help.test.mjs - every command says how it is called, and what is wrong
// with how it was called; none of this needs a configuration or a database.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { build, plainEnv, root, run } from './lib/stack.mjs';

const USAGE = 64;

const postern = (...args) => run(join(build, 'postern'), args,
    { env: plainEnv({ HOME: tmpdir() }), cwd: tmpdir() });

let commands; // [{command, usage, help, options}]
before(async () => {
    const done = await postern('--help', '--json');
    assert.equal(done.code, 0, done.stderr);
    commands = done.stdout.trim().split('\n').map((line) => JSON.parse(line));
});

// Those of a command that can be called in several ways.
const optionsOf = (command) => new Set(commands.filter((one) =>
    one.command === command).flatMap((one) => one.options));
const groups = () => new Set(commands.map((one) =>
    one.command.split(' ')[0]));

async function helps(args, ...expected) {
    const done = await postern(...args);
    assert.equal(done.code, 0, `${args.join(' ')}: ${done.stderr}`);
    assert.equal(done.stderr, '', args.join(' '));
    for (const text of expected)
        assert.ok(done.stdout.includes(text),
            `${args.join(' ')} does not say ${text}\n${done.stdout}`);
    return done.stdout;
}

async function refused(args, ...expected) {
    const done = await postern(...args);
    assert.equal(done.code, USAGE, `${args.join(' ')}: ${done.stderr}`);
    assert.equal(done.stdout, '', args.join(' '));
    for (const text of expected)
        assert.ok(done.stderr.includes(text),
            `${args.join(' ')} does not say ${text}\n${done.stderr}`);
}

describe('help', () => {
    test('of everything is the same by -h, --help and help', async () => {
        const all = await helps(['--help'], ...commands.map((one) =>
            `  ${one.command}`), '--config', '--set', '--json', '--quiet');
        assert.equal(await helps(['-h']), all);
        assert.equal(await helps(['help']), all);
    });

    test('of each command names its options, and no other command',
        async () => {
            for (const { command, usage } of commands) {
                const words = command.split(' ');
                const text = await helps([...words, '--help'],
                    `  ${command}${usage === '' ? '' : ' '}`,
                    ...optionsOf(command));
                assert.equal(await helps(['help', ...words]), text);
                assert.equal(await helps([...words, '-h']), text);
                for (const other of commands)
                    assert.ok(other.command === command ||
                        !text.includes(`\n  ${other.command} `),
                    `${command} --help tells of ${other.command}`);
            }
        });

    test('of each group has all of its commands', async () => {
        for (const group of groups())
            await helps([group, '--help'], ...commands.filter((one) =>
                one.command.split(' ')[0] === group).map((one) =>
                `  ${one.command}`));
    });

    test('stands behind anything else', async () => {
        await helps(['webhook', 'add', 'http://x', '--events', 'a', '-h'],
            '--events');
        await helps(['--json', 'source', 'add', '--help'],
            '"command":"source add"');
    });

    test('no line is wider than a terminal', async () => {
        for (const group of ['', ...groups()])
            for (const line of (await helps(
                group === '' ? ['--help'] : [group, '--help'])).split('\n'))
                assert.ok(line.length <= 80, line);
    });
});

describe('a wrong command line', () => {
    test('without a command, or with half of one, is answered with help',
        async () => {
            await refused([], 'usage: postern');
            await refused(['source'], 'source add', 'source list');
            await refused(['--jso'], 'option \'--jso\'',
                'did you mean --json?');
            await refused(['source', '--jso'], 'did you mean --json?');
        });

    test('an unknown command is told, with the one that may be meant',
        async () => {
            await refused(['frobnicate'], '\'frobnicate\'', '--help');
            await refused(['sourc'], 'did you mean \'source\'?');
            await refused(['help', 'webhok'], 'did you mean \'webhook\'?');
            await refused(['webhok', '--help'], 'did you mean \'webhook\'?');
            for (const { command } of commands) {
                const [group, verb] = command.split(' ');
                if (verb !== undefined)
                    await refused([group, `${verb}x`],
                        `did you mean '${verb}'?`);
            }
        });

    test('an unknown option is told before anything else, with its like',
        async () => {
            for (const { command } of commands) {
                const words = command.split(' ');
                await refused([...words, '--frobnicate'],
                    'option \'--frobnicate\'', `postern ${command} --help`);
                for (const option of optionsOf(command))
                    await refused([...words, `${option}x`], 'did you mean --');
            }
        });

    test('an unknown option of the configuration is told, with its like',
        async () => {
            await refused(['--set', 'db_nam=1', 'status'], '\'db_nam=1\'',
                'did you mean db_name=VALUE?');
            await refused(['--set', 'db_name', 'status'], 'NAME=VALUE');
            const done = await postern('--set', 'frobnicate=1', 'status');
            assert.equal(done.code, USAGE);
            assert.doesNotMatch(done.stderr, /did you mean/);
        });

    test('the value of an option may look like one', async () => {
        const done = await run(join(build, 'postern'), ['sign', '--secret',
            '--frobnicate'], { env: plainEnv({ HOME: tmpdir() }), input: 'x' });
        assert.equal(done.code, 0, done.stderr);
    });
});

describe('the list of commands', () => {
    test('knows every option that the programs take', () => {
        const known = new Set(commands.flatMap((one) => one.options));
        for (const name of ['--config', '--set', '--json', '--quiet',
            '--help', '--version'])
            known.add(name);
        const folder = join(root, 'cli');
        for (const file of readdirSync(folder).filter((f) => /\.c$/.test(f)))
            for (const [, name] of readFileSync(join(folder, file), 'utf8')
                .matchAll(/"(--[a-z0-9-]+)"/g))
                assert.ok(known.has(name), `${name} of ${file}`);
    });

    // The text block of "Every command": what `postern help GROUP` prints.
    test('is the one that is documented', () => {
        const page = readFileSync(join(root, 'docs/reference/cli.md'), 'utf8');
        const [, block] = /^## Every command\n[^]*?```text\n([^]*?)```/m
            .exec(page);
        for (const { command } of commands) {
            const entry = block.split(/^(?=\S)/m).filter((part) =>
                part.startsWith(`${command} `) ||
                part.startsWith(`${command}\n`)).join('');
            assert.notEqual(entry, '', `${command} is not in cli.md`);
            for (const option of optionsOf(command))
                assert.ok(entry.includes(option),
                    `${option} of ${command} is not in cli.md`);
        }
        for (const [, line] of block.matchAll(/^(\S+(?: [a-z]\S*)?)/gm))
            assert.ok(commands.some((one) => line === one.command ||
                line.startsWith(`${one.command} `) ||
                one.command === line.split(' ')[0]),
            `cli.md has ${line}`);
    });
});
