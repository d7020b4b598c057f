// verifiers.mjs - the receivers of examples/verify/, one for each language, as
// they are started there: a server of their own, or a CGI program behind a
// small one.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { closedPort } from './gateway.mjs';
import { plainEnv, root, run } from './stack.mjs';
import { eventually } from './wait.mjs';

const folder = join(root, 'examples/verify');

// needs      programs that have to be there
// always     they are: a missing one is a failure
// build      what is done first; DIR is where to
// command    the server (PORT is in its environment), or
// cgi        the program that is run for each request
const languages = {
    php: { needs: ['php'], always: true,
        command: (dir, port) => ['php', '-S', `127.0.0.1:${port}`,
            'php/receiver.php'] },
    python: { needs: ['python3'], always: true,
        command: () => ['python3', '-B', 'python/receiver.py'] },
    node: { needs: ['node'], always: true,
        command: () => ['node', 'node/receiver.mjs'] },
    bash: { needs: ['bash', 'openssl'], always: true,
        cgi: () => 'bash/receiver.cgi' },
    c: { needs: ['cc'], always: true,
        build: (dir) => [['cc', '-Wall', '-Wextra', '-Werror', '-o',
            `${dir}/receiver.cgi`, 'c/receiver.c', 'c/verify.c', '-lcrypto']],
        cgi: (dir) => `${dir}/receiver.cgi` },
    ruby: { needs: ['ruby'], cgi: () => 'ruby/receiver.cgi' },
    go: { needs: ['go'],
        build: (dir) => [['go', 'build', '-o', `${dir}/receiver`,
            'go/receiver.go', 'go/verify.go']],
        command: (dir) => [`${dir}/receiver`] },
    java: { needs: ['javac', 'java'],
        build: (dir) => [['javac', '-d', dir, 'java/Receiver.java',
            'java/Verify.java']],
        command: (dir) => ['java', '-cp', dir, 'Receiver'] },
    csharp: { needs: ['dotnet'],
        build: (dir) => [['cp', '-r', 'csharp', `${dir}/src`],
            ['dotnet', 'build', '--nologo', '-o', `${dir}/out`,
                `${dir}/src/receiver.csproj`]],
        command: (dir) => [`${dir}/out/receiver`] },
};

// The same source with Mono's compiler, whose library lacks one class.
const mono = { needs: ['mcs', 'mono'],
    build: (dir) => [['mcs', `-out:${dir}/receiver.exe`,
        'csharp/Receiver.cs', 'csharp/Verify.cs',
        join(root, 'tests/fakes/CryptographicOperations.cs')]],
    command: (dir) => ['mono', `${dir}/receiver.exe`] };

const isThere = async (program) => (await run('/bin/sh',
    ['-c', 'command -v "$1"', 'sh', program], { env: process.env })).code === 0;

async function missing(language) {
    for (const program of language.needs)
        if (!await isThere(program))
            return program;
    return null;
}

// The languages with how they are run here: {name, language} or, where it is
// not installed, {name, missing}.
export async function installed() {
    const found = [];
    for (const [name, language] of Object.entries(languages)) {
        const lacking = await missing(language);
        if (lacking === null)
            found.push({ name, language });
        else if (name === 'csharp' && await missing(mono) === null)
            found.push({ name, language: mono });
        else
            found.push({ name, missing: lacking, always: language.always });
    }
    return found;
}

// A web server for one CGI program.
function bridge(program, env) {
    return http.createServer((request, response) => {
        const variables = { ...env, REQUEST_METHOD: request.method,
            PATH_INFO: request.url,
            CONTENT_LENGTH: request.headers['content-length'] ?? '' };
        for (const [name, value] of Object.entries(request.headers))
            variables[`HTTP_${name.toUpperCase().replaceAll('-', '_')}`] =
                value;
        const child = execFile(program, [], { env: variables, cwd: folder },
            (error, stdout) => {
                const status = /^Status: (\d{3}) /.exec(stdout)?.[1];
                response.writeHead(error || !status ? 500 : Number(status))
                    .end();
            });
        child.stdin.on('error', () => {});
        request.pipe(child.stdin);
    });
}

export class Verifier {
    // secrets: the new one and, for the time after a rotation, the old one.
    static async start({ name, language }, secrets) {
        const verifier = new Verifier();
        verifier.dir = mkdtempSync(join(tmpdir(), `postern-verify-${name}-`));
        const env = plainEnv({ WEBHOOK_SECRET: secrets[0],
            WEBHOOK_SECRET_OLD: secrets[1] ?? '', DOTNET_CLI_HOME:
            verifier.dir, DOTNET_NOLOGO: '1' });
        for (const [program, ...args] of language.build?.(verifier.dir) ?? []) {
            const done = await run(program, args,
                { env, cwd: folder, timeout: 180_000 });
            if (done.code !== 0)
                throw new Error(`${name}: ${done.stdout}${done.stderr}`);
        }
        if (language.cgi) {
            verifier.server = bridge(
                resolve(folder, language.cgi(verifier.dir)), env);
            verifier.server.listen(0, '127.0.0.1');
            await once(verifier.server, 'listening');
            verifier.port = verifier.server.address().port;
        } else {
            verifier.port = await closedPort();
            verifier.child = serve(language.command(verifier.dir,
                verifier.port), { ...env, PORT: String(verifier.port) });
            await eventually(`${name} listens`, () =>
                listens(verifier.port), 60_000);
        }
        verifier.url = `http://127.0.0.1:${verifier.port}`;
        return verifier;
    }

    async stop() {
        if (this.child) {
            const gone = once(this.child, 'exit');
            this.child.kill('SIGKILL');
            await gone;
        }
        this.server?.closeAllConnections();
        this.server?.close();
        rmSync(this.dir, { recursive: true, force: true });
    }
}

function serve([program, ...args], env) {
    return spawn(program, args, { env, cwd: folder, stdio: 'ignore' });
}

const listens = (port) => new Promise((answer) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => {
        socket.destroy();
        answer(true);
    });
    socket.on('error', () => answer(false));
});
