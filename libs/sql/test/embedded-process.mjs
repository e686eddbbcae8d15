// Opens the embedded database as a process of its own: node embedded-process.mjs <folder> close|leave|write
import { openDatabase } from '../../../dist/libs/sql/src/index.js';

const [folder, how] = process.argv.slice(2);
const database = await openDatabase({ folder, parts: [] });
if (how === 'close') await database.close();
if (how === 'leave') await database.dataSource.query('SELECT 1');
if (how === 'write') {
  await database.dataSource.query('CREATE TABLE IF NOT EXISTS written (n int PRIMARY KEY)');
  const [{ next }] = await database.dataSource.query('SELECT coalesce(max(n) + 1, 0) AS next FROM written');
  // Each number is told once it is committed.
  for (let n = next; ; n++) {
    await database.dataSource.query('INSERT INTO written VALUES ($1)', [n]);
    console.log(n);
  }
}
