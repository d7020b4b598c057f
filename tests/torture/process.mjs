// process.mjs - a process that torture starts, kills and starts again.

import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { within } from '../func/lib/wait.mjs';

// Has it come so far that it handles that signal? Before, it dies of it.
function catches(pid, name) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const caught = BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)/m.exec(status)[1]}`);
    return (caught >> BigInt(constants.signals[name] - 1) & 1n) === 1n;
}

export class Process {
    // options: args, env, log (a path), owner {uid, gid}
    constructor(name, file, options) {
        this.name = name;
        this.file = file;
        this.options = options;
        this.child = null;
        this.stopped = false; // by SIGSTOP
        this.leaving = false; // we have asked it to
        this.retired = false; // never to be started again
        this.deadly = null;   // the signal that ends it in any case
        this.onDeath = () => {}; // it ended by itself, or badly
    }

    get running() {
        return this.child !== null;
    }

    get pid() {
        return this.child?.pid;
    }

    start() {
        if (this.retired)
            return;
        const { args, env, log, owner } = this.options;
        const out = openSync(log, 'a');
        const child = spawn(this.file, args, { env, detached: true,
            stdio: ['ignore', out, out], ...owner });
        closeSync(out);
        this.child = child;
        this.stopped = this.leaving = false;
        this.ended = new Promise((resolve) => {
            child.once('error', (error) => resolve(String(error)));
            child.once('exit', (code, signal) => resolve(signal ?? code));
        }).then((how) => {
            this.child = null;
            if (!this.leaving || (how !== 0 && how !== this.deadly))
                this.onDeath(this, how);
            return how;
        });
    }

    // Sends a signal. Deadly ones: resolves with how it ended; whoever has not
    // left by then is killed, which is an error.
    async signal(name, ms = 60_000) {
        const { child, ended } = this;
        if (child === null)
            return null;
        if (name === 'SIGSTOP' || name === 'SIGCONT') {
            this.stopped = name === 'SIGSTOP';
            child.kill(name);
            return null;
        }
        this.leaving = true;
        this.deadly = catches(child.pid, name) ? null : name;
        child.kill(name);
        if (this.stopped)
            child.kill('SIGCONT');
        try {
            return await within(ended, ms, `${this.name} leaves`);
        } catch (error) {
            this.deadly = 'SIGKILL';
            child.kill('SIGKILL');
            await ended;
            throw error;
        }
    }
}
