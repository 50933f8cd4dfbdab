// Calls @backstage/catalog-client as it is told. "$EXISTS" stands for the client's own CATALOG_FILTER_EXISTS; what
// streams is answered as a list of pages.
import { base, require, serve, token } from './lines.mjs';

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

await serve(call, revive);
