// The way of the drivers: one JSON line in, one JSON line out.
//   {"method": "getEntities", "args": [{"filter": {"kind": "component"}}]}  →  {"ok": …} or {"error": {…}}
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { createInterface } from 'node:readline';

export const [folder, base, token] = process.argv.slice(2);
export const require = createRequire(pathToFileURL(`${folder}/package.json`)); // the packages lie in another folder

/** Answers each line on standard input by `call`; `revive` as for JSON.parse. */
export async function serve(call, revive) {
  for await (const line of createInterface({ input: process.stdin })) {
    let said;
    try {
      said = { ok: await call(JSON.parse(line, revive)) };
    } catch (error) {
      said = { error: { name: error.name, message: error.message, status: error.statusCode, cause: error.cause?.name } };
    }
    process.stdout.write(`${JSON.stringify(said)}\n`);
  }
}
