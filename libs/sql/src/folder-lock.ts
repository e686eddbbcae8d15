import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseFolderError, DatabaseInUseError } from './errors.js';

/** Socket of a process that has the lock or asks for it: its id, and something random. */
const OWNER = /^owner-(\d+)-[0-9a-f]{16}\.sock$/;

/** For how long a lock is waited for: the process before us may be ending. */
const PATIENCE_MS = 3000;

/** A holder that was stopped (SIGSTOP) does not accept, but the system still connects to it. */
const CONNECT_MS = 1000;

/**
 * An exclusive lock on a folder, held by the operating system: it ends with the process, however that ends.
 *
 * Each process that wants it listens on a unix socket of its own in the folder, then looks at the others'.
 * One that nobody listens on belongs to a process that has ended, and is removed; names are never used
 * twice, so that is safe. If one is alive, we withdraw. Of two processes at least one sees the other, since each is to be
 * seen before it looks. A pid is not asked about: it may belong to another process by now, or to another container.
 */
export class FolderLock {
  private constructor(
    private readonly server: Server,
    private readonly file: string,
  ) {}

  /**
   * @param folder an existing folder on a local disk.
   * @throws {DatabaseInUseError} when another process has it for longer than a process needs to end.
   * @throws {DatabaseFolderError} where the folder takes no unix sockets.
   */
  static async take(folder: string, patienceMs = PATIENCE_MS): Promise<FolderLock> {
    const until = Date.now() + patienceMs;
    for (;;) {
      const lock = await FolderLock.announce(folder);
      const other = await otherOwner(folder, lock.file);
      // Ours can be gone only if somebody took it for a dead one: then nobody else can see us.
      if (other === undefined && readdirSync(folder).includes(nameOf(lock.file))) return lock;
      await lock.release();
      if (other !== undefined && Date.now() >= until) throw new DatabaseInUseError(folder, other);
      // Not all at the same moment again.
      await sleep(50 + Math.random() * 150);
    }
  }

  /** Becomes visible to others, listening already. */
  private static async announce(folder: string): Promise<FolderLock> {
    const name = `owner-${process.pid}-${randomBytes(8).toString('hex')}.sock`;
    const file = join(folder, name);
    const server = createServer((socket) => socket.destroy());
    try {
      await byShortPath(folder, (short) => listen(server, join(short, `new-${name}`)));
      renameSync(join(folder, `new-${name}`), file);
    } catch (error) {
      server.close();
      throw new DatabaseFolderError(folder, error);
    }
    server.unref();
    return new FolderLock(server, file);
  }

  /** Lets the folder go. */
  async release(): Promise<void> {
    rmSync(this.file, { force: true });
    await new Promise((done) => this.server.close(done));
  }
}

/** Process id of another one that is alive here. */
async function otherOwner(folder: string, own: string): Promise<number | undefined> {
  for (const name of readdirSync(folder)) {
    const [, pid] = OWNER.exec(name) ?? [];
    if (pid === undefined || name === nameOf(own)) continue;
    if (await byShortPath(folder, (short) => isListening(join(short, name)))) return Number(pid);
    rmSync(join(folder, name), { force: true });
  }
  return undefined;
}

const nameOf = (file: string) => file.slice(file.lastIndexOf('/') + 1);

function listen(server: Server, path: string): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(path, done);
  });
}

function isListening(path: string): Promise<boolean> {
  return new Promise((answer, fail) => {
    const socket = createConnection(path);
    const end = (act: () => void) => {
      socket.destroy();
      act();
    };
    socket.setTimeout(CONNECT_MS, () => end(() => answer(true)));
    socket.once('connect', () => end(() => answer(true)));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const isDead = error.code === 'ECONNREFUSED' || error.code === 'ENOENT';
      // A full queue of connections (EAGAIN) is that of somebody alive.
      if (isDead || error.code === 'EAGAIN') end(() => answer(!isDead));
      else end(() => fail(error));
    });
  });
}

/** Does `act` with a path to the folder that is short enough for a unix socket (about 100 bytes). */
async function byShortPath<T>(folder: string, act: (short: string) => Promise<T>): Promise<T> {
  const absolute = resolve(folder);
  if (Buffer.byteLength(absolute) < 40) return act(absolute);
  const links = mkdtempSync(join(tmpdir(), 'drover-'));
  try {
    symlinkSync(absolute, join(links, 'f'));
    return await act(join(links, 'f'));
  } finally {
    rmSync(links, { recursive: true, force: true });
  }
}
