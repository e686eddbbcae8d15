import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgresServer } from '../../scripts/lib/postgres.mjs';
import { statFields } from '../../scripts/lib/processes.mjs';
import { atEnd } from './ending.mjs';
import { cleanEnvironment } from './environment.mjs';

const TICKS_PER_SECOND = 100; // of /proc/<pid>/stat, on every Linux

// As durable as a Redis without persistence, which is what the others run on, and as fast as that makes it.
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '256MB',
  max_connections: '200',
};

/** A PostgreSQL cluster of our own in a temporary folder, on a free loopback port. */
export async function startPostgres(folder) {
  const dir = mkdtempSync(join(tmpdir(), 'drover-bench-postgres-'));
  atEnd(() => rmSync(dir, { recursive: true, force: true }));
  const server = await startPostgresServer({
    folder,
    dir,
    user: 'bench',
    settings: SETTINGS,
    env: cleanEnvironment(),
  });
  const { default: pg } = await import('pg');
  const store = new PostgresStore(server, new pg.Client({ connectionString: `${server.url}/postgres` }));
  await store.start();
  return store;
}

class PostgresStore {
  constructor(server, admin) {
    this.address = `${server.url}/bench`;
    this.server = server;
    this.admin = admin;
    const faster = ['fsync', 'synchronous_commit', 'full_page_writes']
      .map((name) => `${name}=off`)
      .join(', ');
    this.description = `PostgreSQL ${server.version} (${faster}, shared_buffers=${SETTINGS.shared_buffers})`;
  }

  async start() {
    atEnd(async () => {
      await this.admin.end().catch(() => {});
      await this.server.stop();
    });
    this.admin.on('error', () => {}); // it ends with the server
    await this.admin.connect();
  }

  /** An empty database for the next run. */
  async reset() {
    await this.admin.query('drop database if exists bench with (force)');
    await this.admin.query('create database bench');
  }

  /** CPU time of all its processes, the ended ones included, in microseconds. */
  async cpu() {
    const { pid } = this.server;
    const family = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const ticks = family.reduce((sum, name) => {
      const fields = statFields(name);
      if (Number(name) === pid) return sum + total(fields, 11, 12, 13, 14);
      return fields && Number(fields[1]) === pid ? sum + total(fields, 11, 12) : sum;
    }, 0);
    return (ticks / TICKS_PER_SECOND) * 1e6;
  }
}

const total = (fields, ...places) => places.reduce((sum, place) => sum + Number(fields[place]), 0);
