// docs.test.mjs - every `sh` block of the documentation runs as it stands.
//
// The commands are typed in a folder that looks like a clone in which
// `make run DETACH=1` has been run: links to the tree, and var/ is a stack.
// All blocks of one page run in one shell, in order.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from
    'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Stack, build, plainEnv, root, run } from './lib/stack.mjs';

let stack;
let clone;
before(async () => {
    stack = await Stack.start();
    clone = mkdtempSync(join(tmpdir(), 'postern-docs-'));
    for (const name of readdirSync(root))
        if (!/^(\.git|var|build.*)$/.test(name))
            symlinkSync(join(root, name), join(clone, name));
    symlinkSync(build, join(clone, 'build'));
    symlinkSync(stack.dir, join(clone, 'var'));
});
after(async () => {
    await stack?.stop();
    if (clone)
        rmSync(clone, { recursive: true, force: true });
});

function pages(dir) {
    return readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? pages(join(dir, entry.name))
            : entry.name.endsWith('.md') ? [join(dir, entry.name)] : []);
}

const blocks = (page) => [...readFileSync(page, 'utf8')
    .matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text]) => text);

// Needs a program that is not part of Postern and not installed by it.
const foreign = /\bjq\b/;

const all = [join(root, 'README.md'), ...pages(join(root, 'docs')),
    ...pages(join(root, 'examples'))];

describe('the commands of', () => {
    for (const page of all) {
        const commands = blocks(page).filter((text) => !foreign.test(text));
        if (commands.length === 0)
            continue;
        test(relative(root, page), async () => {
            const done = await run('/bin/bash', ['-c',
                `set -eo pipefail\n${commands.join('\n')}`],
            { cwd: clone, env: plainEnv(), timeout: 120_000 });
            assert.equal(done.code, 0, done.stdout + done.stderr);
            assert.doesNotMatch(done.stdout, /"(error|detail)":/);
        });
    }
});
