// Calls the ScaffolderClient of @backstage/plugin-scaffolder-common as it is told. `streamLogs` is answered with all that it
// brought until it was complete; with a second argument {"polling": true} it asks for the events again and again instead.
import { base, require, serve, token } from './lines.mjs';

// @microsoft/fetch-event-source is written for browsers.
globalThis.window = globalThis;
globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} };
const { ScaffolderClient } = require('@backstage/plugin-scaffolder-common');

const authenticated = (input, init = {}) => {
  const headers = new Headers(init.headers);
  headers.set('Authorization', `Bearer ${token}`);
  return fetch(input, { ...init, headers });
};
const made = useLongPollingLogs =>
  new ScaffolderClient({
    discoveryApi: { getBaseUrl: async () => base },
    fetchApi: { fetch: authenticated },
    identityApi: {
      getBackstageIdentity: async () => ({
        type: 'user', userEntityRef: 'user:default/ana', ownershipEntityRefs: ['user:default/ana'],
      }),
    },
    useLongPollingLogs,
  });
const client = made(false);
const polling = made(true);

const collected = stream =>
  new Promise((resolve, reject) => {
    const events = [];
    stream.subscribe({ next: event => events.push(event), error: reject, complete: () => resolve(events) });
  });

await serve(async ({ method, args }) => {
  if (method === '') {
    return Object.getOwnPropertyNames(ScaffolderClient.prototype);
  }
  if (method === 'streamLogs') {
    return collected((args[1]?.polling ? polling : client).streamLogs(args[0]));
  }
  return (await client[method](...args)) ?? null;
});
