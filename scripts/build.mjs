// npm run build [-- --clean]: compiles and type-checks everything into dist/, and makes the empty database that new ones are copies of.
import { requireNode } from './lib/node-version.mjs';

requireNode();
const { build } = await import('./lib/build.mjs');
const { makeDatabaseTemplate } = await import('./lib/database-template.mjs');
const { runMain } = await import('./lib/main.mjs');
const { UserError } = await import('./lib/messages.mjs');

await runMain(async () => {
  const [unknown] = process.argv.slice(2).filter((arg) => arg !== '--clean');
  if (unknown) throw new UserError(`unknown argument ${unknown}: the only one is --clean`);
  const { existsSync } = await import('node:fs');
  const { inRoot } = await import('./lib/paths.mjs');
  if (!existsSync(inRoot('node_modules/typescript')))
    throw new UserError('the compiler is missing: run npm ci first');
  const clean = process.argv.includes('--clean');
  const [code] = await Promise.all([build({ clean }), makeDatabaseTemplate()]);
  return code;
});
