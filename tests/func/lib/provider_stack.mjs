// provider_stack.mjs - the stack of a provider's test file: nginx, a source of
// that provider, and a receiver for what is relayed.

import { after, before } from 'node:test';
import { Receiver } from './receiver.mjs';
import { addSource, assertAllRejections, providerCases, setSource,
    sourceNamed } from './provider_cases.mjs';
import { Stack } from './stack.mjs';

// Runs the cases of a provider; the returned object has stack, receiver and
// source once the tests run. spec.conf: options of the stack.
export function providerFile(spec) {
    const it = {};
    before(async () => {
        [it.stack, it.receiver] = await Promise.all([
            Stack.start({ web: 'nginx', conf: spec.conf }), Receiver.start()]);
        it.stack.refusals = new Map();
        const { name = spec.provider, provider, secret, more = {} } = spec;
        const fields = typeof more === 'function' ? more(it.stack) : more;
        if (spec.exists)
            it.source = await setSource(it.stack,
                (await sourceNamed(it.stack, name)).id, { secret, ...fields });
        else
            it.source = await addSource(it.stack,
                { name, provider, secret, ...fields });
    });
    after(async () => {
        try {
            if (it.stack)
                await assertAllRejections(it.stack);
        } finally {
            await it.receiver?.stop();
            await it.stack?.stop();
        }
    });
    providerCases(spec, () => it);
    return it;
}
