import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataFolder } from '../src/data-folder.js';
import { openDatabase } from '../src/open-database.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-test-data-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const refuse = () => Promise.reject(new Error('nothing is to be made'));

/** A folder that a process has begun to fill before it was killed. */
function halfDone(): void {
  mkdirSync(join(folder, 'data.new'));
  writeFileSync(join(folder, 'data.new', 'PG_VERSION'), '');
}

it('a new database is a copy of the template, and opens', async () => {
  halfDone();
  await dataFolder(folder, refuse);
  expect(readdirSync(folder)).toEqual(['data']);
  const database = await openDatabase({ folder, parts: [] });
  expect(await database.dataSource.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await database.close();
});

it('without a template it is made, whole or not at all', async () => {
  const make = (fresh: string) => {
    mkdirSync(fresh);
    return Promise.resolve();
  };
  const fails = (fresh: string) => make(fresh).then(refuse);
  await expect(dataFolder(folder, fails, null)).rejects.toThrow('nothing is to be made');
  expect(existsSync(join(folder, 'data'))).toBe(false);
  expect(await dataFolder(folder, make, null)).toBe(join(folder, 'data'));
  expect(readdirSync(folder)).toEqual(['data']);
});

it('one that is there is left as it is', async () => {
  mkdirSync(join(folder, 'data'));
  expect(await dataFolder(folder, refuse)).toBe(join(folder, 'data'));
  expect(readdirSync(join(folder, 'data'))).toEqual([]);
});
