// known.mjs - a source that was just made, in the eyes of the responder.

import { request } from './http.mjs';
import { eventually } from './wait.mjs';

// Resolves once the responder knows the source. How often it looks for changes
// is limited, so a test that makes it look a lot has to wait a second.
// GET is 405 (or an answer) of a source that is there, 404 of one that is not.
export const known = (stack, name) => eventually(`${name} is known`,
    async () => (await request(stack.url, 'GET',
        `/api/v1/webhooks/${name}?ssl_check=1`)).status !== 404);
