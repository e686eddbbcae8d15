import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseFolderError, DatabaseInUseError } from '../src/errors.js';
import { FolderLock } from '../src/folder-lock.js';

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-lock-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) await end(child);
  rmSync(folder, { recursive: true, force: true });
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Another process that wants the lock, and what it said first. */
async function other(patienceMs = 0): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, ['libs/sql/test/locker.mjs', folder, String(patienceMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [text] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, said: text.toString().trim() };
}

describe('the lock on a folder', () => {
  it('keeps a second process out and names the first', async () => {
    const lock = await FolderLock.take(folder);
    expect((await other()).said).toBe(`DATABASE_IN_USE ${process.pid}`);
    await lock.release();
    expect((await other()).said).toBe('taken');
  });

  it('says who has it, and to set DATABASE_URL', async () => {
    const { child } = await other();
    const error: unknown = await FolderLock.take(folder, 0).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DatabaseInUseError);
    expect(error).toMatchObject({ code: 'DATABASE_IN_USE', pid: child.pid });
    expect(String(error)).toMatch(/DATABASE_URL/);
  });

  it('is taken over from a process that was killed, and nothing of that one stays', async () => {
    const { child, said } = await other();
    expect(said).toBe('taken');
    await end(child);
    expect(readdirSync(folder)).toHaveLength(1);
    const lock = await FolderLock.take(folder, 0);
    expect(readdirSync(folder)).toHaveLength(1);
    await lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is not taken from a process that is stopped', async () => {
    const { child } = await other();
    child.kill('SIGSTOP');
    await expect(FolderLock.take(folder, 0)).rejects.toMatchObject({ code: 'DATABASE_IN_USE' });
  });

  it('is waited for while the process before ends', async () => {
    const lock = await FolderLock.take(folder);
    const taking = FolderLock.take(folder, 60_000);
    await lock.release();
    await (await taking).release();
  });

  it('goes to one after the other of many who want it at once, after one was killed', async () => {
    await end((await other()).child);
    let holders = 0;
    const turn = async () => {
      const { child, said } = await other(30_000);
      holders += 1;
      const seen = { said, holders };
      // Whoever got it meanwhile would be counted before this one ends.
      await other(0).then((late) => end(late.child));
      holders -= 1;
      await end(child);
      return seen;
    };
    const turns = await Promise.all([turn(), turn(), turn()]);
    expect(turns).toEqual(turns.map(() => ({ said: 'taken', holders: 1 })));
  });

  it('works where the path is longer than that of a socket may be', async () => {
    folder = join(folder, 'long'.repeat(40));
    mkdirSync(folder);
    const lock = await FolderLock.take(folder);
    expect((await other()).said).toBe(`DATABASE_IN_USE ${process.pid}`);
    await lock.release();
  });

  it('says what is wrong with a folder that cannot be used', async () => {
    await expect(FolderLock.take(join(folder, 'missing'))).rejects.toBeInstanceOf(DatabaseFolderError);
  });
});
