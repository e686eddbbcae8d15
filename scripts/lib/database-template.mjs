import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { inRoot } from './paths.mjs';
import { run } from './commands.mjs';

/** Makes an empty database in the folder it is told. */
const MAKE = `import { PGlite } from '@electric-sql/pglite';
const database = await PGlite.create(process.argv[1]);
await database.close();`;

/** libs/sql/src/data-folder.ts looks for it there. */
function templateFolder() {
  const { version } = JSON.parse(
    readFileSync(inRoot('node_modules/@electric-sql/pglite/package.json'), 'utf8'),
  );
  return inRoot('node_modules/.cache', `pglite-${version}`);
}

export const databaseTemplateIsThere = () => existsSync(templateFolder());

/** Makes the empty database that new ones are copies of. Without it each is made anew: that it fails hinders nobody. */
export async function makeDatabaseTemplate() {
  if (databaseTemplateIsThere()) return;
  const folder = templateFolder();
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(dirname(fresh), { recursive: true });
  const options = { cwd: inRoot('.'), stdio: 'ignore' };
  const code = await run(process.execPath, ['--input-type=module', '--eval', MAKE, fresh], options);
  if (code === 0) renameSync(fresh, folder);
}
