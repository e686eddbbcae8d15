import { existsSync, readFileSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * An empty database as PostgreSQL's `initdb` makes it, which takes seconds; set-up makes it once for all folders. Its name is
 * also known to scripts/lib/database-template.mjs.
 *
 * @returns null where the package is not installed as set-up does it.
 */
function templateFolder(): string | null {
  const file = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const home = dirname(dirname(file));
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string };
  const folder = join(home, '..', '..', '.cache', `pglite-${version}`);
  return existsSync(folder) ? folder : null;
}

/**
 * Gives the folder of the database's files below `folder`, which the caller has locked. Where there is none, it is made: a copy of the
 * template, or by `initialize`. It gets its name when it is whole, so that a process that is killed meanwhile leaves nothing
 * half done that the next one would take for a database.
 *
 * @param initialize makes an empty database in a folder that is not there yet, and closes it.
 * @param template null = there is none. Default: the one that set-up makes.
 */
export async function dataFolder(
  folder: string,
  initialize: (fresh: string) => Promise<void>,
  template = templateFolder(),
): Promise<string> {
  const data = join(folder, 'data');
  if (existsSync(data)) return data;
  const fresh = join(folder, 'data.new');
  await rm(fresh, { recursive: true, force: true });
  if (template !== null) await cp(template, fresh, { recursive: true });
  else await initialize(fresh);
  await rename(fresh, data);
  return data;
}
