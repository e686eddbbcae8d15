import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { waitFor } from '../../../tests/support/wait.js';
import { openEmbedded } from '../src/embedded.js';
import { EmbeddedThread } from '../src/embedded-thread.js';
import { openDatabase } from '../src/open-database.js';
import { whenAvailable } from '../src/when-available.js';

const HOLDER = join(__dirname, 'embedded-process.mjs');
/** Nested so deeply that PostgreSQL's own limit is reached, or, with too small a stack, the thread's. */
const DEEP = `SELECT (repeat('[', 100000) || repeat(']', 100000))::jsonb`;
/** Megabytes of stack with which that destroys the database. */
const SMALL_STACK = 4;

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'drover-embedded-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A pool as TypeORM has one. */
function poolOf(server: { pool: pg.PoolConfig }): pg.Pool {
  const pool = new pg.Pool(server.pool);
  pool.on('error', () => undefined);
  return pool;
}

describe('the embedded database', () => {
  it('leaves the event loop free while it works', async () => {
    const { dataSource, close } = await opened();
    const ticks = jest.fn();
    const ticking = setInterval(ticks, 1);
    const rows: unknown = await dataSource.query(
      'SELECT count(*)::int AS n FROM generate_series(1, 2000000)',
    );
    clearInterval(ticking);
    expect(rows).toEqual([{ n: 2_000_000 }]);
    // In the main thread there would be none.
    expect(ticks.mock.calls.length).toBeGreaterThan(5);
    await close();
  });

  it('answers a statement that nests too deeply with an error, and goes on', async () => {
    const { dataSource, close } = await opened();
    await expect(dataSource.query(DEEP)).rejects.toMatchObject({ driverError: { code: '54001' } });
    expect(await dataSource.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await close();
  });

  it('passes large answers and large parameters whole', async () => {
    const { dataSource, close } = await opened();
    const large = 'Größe '.repeat(700_000);
    const [{ same, text }] = await dataSource.query('SELECT $1::text AS text, length($1) AS same', [large]);
    expect(same).toBe(large.length);
    expect(text === large).toBe(true);
    await close();
  });

  it('tells who waits that its thread crashed, is opened again, and has what was committed', async () => {
    const told: string[] = [];
    const server = await openEmbedded(folder, { stackMb: SMALL_STACK, onTrouble: (text) => told.push(text) });
    const pool = poolOf(server);
    await pool.query('CREATE TABLE kept (n int)');
    await pool.query('INSERT INTO kept VALUES (1)');
    const both = await Promise.allSettled([pool.query(DEEP), pool.query('INSERT INTO kept VALUES (2)')]);
    expect(both[0]).toMatchObject({
      status: 'rejected',
      reason: { code: 'DATABASE_STOPPED', message: expect.stringMatching(/call stack size/) },
    });
    const count = async () => (await pool.query('SELECT count(*)::int AS n FROM kept')).rows[0].n as number;
    // The second was not sent yet, or was refused while the database rests.
    const inserted = both[1].status === 'fulfilled' ? 2 : 1;
    expect(await waitFor(count)).toBe(inserted);
    expect(told).toEqual([
      expect.stringMatching(/has stopped.*call stack size/),
      expect.stringMatching(/was opened again/),
    ]);
    await pool.end();
    await server.close();
  });

  it('that has crashed counts as unavailable for the moment', async () => {
    const server = await openEmbedded(folder, { stackMb: SMALL_STACK });
    const pool = poolOf(server);
    await expect(whenAvailable(() => pool.query(DEEP))).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
    });
    await pool.end();
    await server.close();
    // Closed though it was down: the folder is free.
    const again = await openEmbedded(folder);
    await again.close();
  });

  it('fails what is pending and what comes later when its thread is ended', async () => {
    const thread = await EmbeddedThread.open(join(folder, 'data'));
    const pending = thread.reset();
    const failed = expect(pending).rejects.toMatchObject({
      code: 'DATABASE_STOPPED',
      message: expect.stringMatching(/ended with code 1/),
    });
    await thread.kill();
    await failed;
    expect(thread.isAlive).toBe(false);
    await expect(thread.reset()).rejects.toMatchObject({ code: 'DATABASE_STOPPED' });
    await thread.close();
  });

  it('says why when what is in its folder is no database', async () => {
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data', 'PG_VERSION'), '9.1');
    await expect(openDatabase({ folder, parts: [] })).rejects.toMatchObject({
      code: 'DATABASE_FOLDER',
      message: expect.stringContaining(folder),
    });
    rmSync(join(folder, 'data'), { recursive: true });
    // The lock was given back.
    await (await openDatabase({ folder, parts: [] })).close();
  });

  it('lets the process end by itself, closed or not', async () => {
    for (const how of ['close', 'leave']) {
      const child = spawn(process.execPath, [HOLDER, folder, how], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      expect(await once(child, 'exit')).toEqual([0, null]);
    }
  });

  it('opens again after kill -9 with every committed row', async () => {
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, [HOLDER, folder, 'write'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let last = 0;
      for await (const line of createInterface(child.stdout)) {
        last = Number(line);
        if (last % 50 === 49) child.kill('SIGKILL');
      }
      const { dataSource, close } = await opened();
      const [{ most, n }] = await dataSource.query('SELECT max(n) AS most, count(*)::int AS n FROM written');
      expect(most).toBeGreaterThanOrEqual(last);
      expect(n).toBe(most + 1);
      await close();
    }
  });
});

async function opened() {
  const database = await openDatabase({ folder, parts: [] });
  return { dataSource: database.dataSource, close: () => database.close() };
}
