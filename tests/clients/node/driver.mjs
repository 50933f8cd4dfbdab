// Calls @backstage/catalog-client as it is told, one JSON line in, one JSON line out:
//   {"method": "getEntities", "args": [{"filter": {"kind": "component"}}]}  →  {"ok": …} or {"error": {…}}
// "$EXISTS" stands for the client's own CATALOG_FILTER_EXISTS; what streams is answered as a list of pages.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { createInterface } from 'node:readline';

const [folder, base, token] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${folder}/package.json`)); // the packages lie in another folder
const { CatalogClient, CATALOG_FILTER_EXISTS } = require('@backstage/catalog-client');

const client = new CatalogClient({ discoveryApi: { getBaseUrl: async () => base } });

const revive = (_, value) => (value === '$EXISTS' ? CATALOG_FILTER_EXISTS : value);

async function call({ method, args }) {
  if (method === '') {
    return Object.getOwnPropertyNames(CatalogClient.prototype);
  }
  const given = client[method](...(args.length ? args : [undefined]), { token });
  if (given[Symbol.asyncIterator]) {
    const pages = [];
    for await (const page of given) {
      pages.push(page);
    }
    return pages;
  }
  return (await given) ?? null;
}

for await (const line of createInterface({ input: process.stdin })) {
  let said;
  try {
    said = { ok: await call(JSON.parse(line, revive)) };
  } catch (error) {
    said = { error: { name: error.name, message: error.message, status: error.statusCode, cause: error.cause?.name } };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
