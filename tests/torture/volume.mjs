// volume.mjs - a small volume that can be filled to the last byte.
//
// A tmpfs over an existing directory. Mounting takes the rights of root; who
// does not have them runs without this fault, and is told so.

import { rmSync, statfsSync, statSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { run } from '../func/lib/stack.mjs';

const TRIES = 50;

async function must(file, ...args) {
    const done = await run(file, args, { env: process.env });
    if (done.code !== 0)
        throw new Error(`${file} ${args.join(' ')}: ${done.stderr.trim()}`);
}

export class Volume {
    // Moves the directory onto a volume of that size. null: not permitted.
    static async under(dir, bytes) {
        const { uid, gid } = statSync(dir);
        const aside = `${dir}.aside`;
        await rename(dir, aside);
        await mkdir(dir, { mode: 0o700 });
        try {
            await must('mount', '-t', 'tmpfs', '-o',
                `size=${bytes},mode=0700,uid=${uid},gid=${gid}`,
                'postern-torture', dir);
        } catch {
            rmSync(dir, { recursive: true });
            await rename(aside, dir);
            return null;
        }
        const volume = new Volume();
        volume.dir = dir;
        volume.bytes = bytes;
        volume.full = false;
        await must('cp', '-a', `${aside}/.`, dir);
        rmSync(aside, { recursive: true });
        return volume;
    }

    // Not a byte more fits in: the volume shrinks to what is used. The database
    // takes and gives meanwhile, so that may have changed since it was read.
    async fill() {
        for (let i = 0; i < TRIES; i++) {
            const { blocks, bfree, bsize } = statfsSync(this.dir);
            if (await this.resize((blocks - bfree) * bsize)) {
                this.full = true;
                return;
            }
        }
        throw new Error(`${this.dir} cannot be filled`);
    }

    async empty() {
        if (!await this.resize(this.bytes))
            throw new Error(`${this.dir} cannot be emptied`);
        this.full = false;
    }

    async resize(bytes) {
        const done = await run('mount', ['-o', `remount,size=${bytes}`,
            this.dir], { env: process.env });
        return done.code === 0;
    }

    // At once, even if somebody still has a file open there.
    async unmount() {
        await must('umount', '-l', this.dir);
    }
}
