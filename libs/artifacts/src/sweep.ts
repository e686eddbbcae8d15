import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ifMissing, JobFolder } from './job-folder.js';

export interface SweepOptions {
  /** Most jobs that are looked at. Default: 1,000. */
  maxJobs?: number;
}

/** What one call of `sweep` came to. */
export interface SweepResult {
  /** Jobs that were looked at. */
  readonly jobs: number;
  /** Jobs whose files were removed. */
  readonly removed: number;
  /** Folders whose files could not be looked at or removed, or not all; the next round tries again. */
  readonly failed: number;
  /** True when this call came to the end: the next one starts from the beginning. */
  readonly done: boolean;
}

/** Nobody writes to a file as slowly as that. */
const STALE_PART_MS = 86_400_000;

/** Runs a change of a folder while this process makes no other change to it. */
type Alone = <T>(path: string, change: () => Promise<T>) => Promise<T>;

/** Goes round the folders of all jobs, some at each call. */
export class FolderSweep {
  /** Folder that was looked at last; empty at the beginning of a round. */
  private last = '';

  constructor(
    private readonly root: string,
    private readonly alone: Alone,
  ) {}

  async sweep(olderThanMs: number, { maxJobs = 1000 }: SweepOptions = {}): Promise<SweepResult> {
    const now = Date.now();
    const counts = { jobs: 0, removed: 0, failed: 0 };
    for (const shard of await foldersIn(this.root, /^[0-9a-f]{2}$/)) {
      if (shard < this.last.slice(0, 2)) continue;
      const names = await foldersIn(join(this.root, shard), /^[0-9a-f]{40}$/).catch(() => undefined);
      // A part of the disk that cannot be read must not keep all that comes behind it for ever.
      if (!names) counts.failed++;
      for (const name of names ?? []) {
        if (name <= this.last) continue;
        if (counts.jobs === maxJobs) return { ...counts, done: false };
        counts.jobs++;
        this.last = name;
        try {
          if (await this.look(join(this.root, shard, name), now, olderThanMs)) counts.removed++;
        } catch {
          counts.failed++;
        }
      }
    }
    this.last = '';
    return { ...counts, done: true };
  }

  /** @returns whether the job's files were removed */
  private async look(path: string, now: number, olderThanMs: number): Promise<boolean> {
    // Whose folder it is need not be known to remove by age.
    const folder = new JobFolder(path, '');
    return this.alone(path, async () => {
      // Changes whenever a file comes into the folder or leaves it.
      const touched = (await stat(path).catch(ifMissing(undefined)))?.mtimeMs;
      if (touched === undefined) return false;
      if (touched < now - olderThanMs) return folder.removeOlder(now - olderThanMs);
      await folder.removeStaleParts(now - STALE_PART_MS);
      return false;
    });
  }
}

/** Names of the folders in a folder that fit, in order; what is not ours is left alone. */
async function foldersIn(path: string, names: RegExp): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(ifMissing([]));
  return entries
    .filter((entry) => entry.isDirectory() && names.test(entry.name))
    .map(({ name }) => name)
    .sort();
}
