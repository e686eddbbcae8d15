import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../scripts/lib/messages.mjs';
import { isNewEnough, redisServersOnPath } from '../../scripts/lib/redis-finder.mjs';
import { startRedisServer } from '../../scripts/lib/redis-server.mjs';
import { redisCommand } from '../../scripts/lib/resp.mjs';
import { atEnd } from './ending.mjs';

const COMMAND_MS = 120_000; // flushing millions of keys takes its time

/**
 * A Redis of our own on a free loopback port, without persistence.
 * @throws {UserError} when there is no redis-server 7.0 or newer
 */
export async function startRedis() {
  const found = redisServersOnPath().find(({ version }) => isNewEnough(version));
  if (!found)
    throw new UserError('the benchmark needs redis-server 7.0 or newer: npm start finds or installs one');
  const dir = mkdtempSync(join(tmpdir(), 'drover-bench-redis-'));
  atEnd(() => rmSync(dir, { recursive: true, force: true }));
  const server = await startRedisServer({ binary: found.file, dir, persistent: false });
  atEnd(() => server.stop());
  return new RedisStore(server.url, found);
}

class RedisStore {
  constructor(address, { file, version }) {
    this.address = address;
    this.description = `${file.includes('valkey') ? 'Valkey' : 'Redis'} ${version}`;
  }

  command(...args) {
    return redisCommand(this.address, args, COMMAND_MS);
  }

  /** Empties it for the next run; scripts and statistics go, too. */
  async reset() {
    await this.command('FLUSHALL', 'SYNC');
    await this.command('SCRIPT', 'FLUSH', 'SYNC');
    await this.command('CONFIG', 'RESETSTAT');
    await this.command('MEMORY', 'PURGE');
  }

  /** Figures of one section of INFO, by name. */
  async info(section) {
    const text = await this.command('INFO', section);
    const lines = text.split('\r\n').filter((line) => line.includes(':'));
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
    );
  }

  /** CPU time its process has used, in microseconds. */
  async cpu() {
    const { used_cpu_sys: system, used_cpu_user: user } = await this.info('cpu');
    return (Number(system) + Number(user)) * 1e6;
  }

  /** Bytes in use. */
  async memory() {
    await this.command('MEMORY', 'PURGE');
    return Number((await this.info('memory')).used_memory);
  }

  /** Names of all keys of a type. */
  async keysOfType(type) {
    const found = [];
    let cursor = '0';
    do {
      const [next, keys] = await this.command('SCAN', cursor, 'TYPE', type, 'COUNT', '10000');
      found.push(...keys);
      cursor = next;
    } while (cursor !== '0');
    return found;
  }

  /** Microseconds spent in scripts and functions since the last reset. */
  async scriptTime() {
    const stats = await this.info('commandstats');
    const names = ['eval', 'evalsha', 'fcall'].map((name) => `cmdstat_${name}`);
    return names.reduce((sum, name) => sum + Number(/usec=(\d+)/.exec(stats[name] ?? '')?.[1] ?? 0), 0);
  }
}
