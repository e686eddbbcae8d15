import { mkdtemp, readdir, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ArtifactStore } from './artifact.js';

/** A folder for one test file, and a look at what is in it. */
export class TestFolder {
  private constructor(readonly path: string) {}

  static async make(): Promise<TestFolder> {
    return new TestFolder(await mkdtemp(join(tmpdir(), 'drover-artifacts-')));
  }

  /** Every file in it, with its path. */
  async files(): Promise<string[]> {
    const entries = await readdir(this.path, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  }

  /** Makes everything in it as old as that. */
  async age(ms: number): Promise<void> {
    const then = new Date(Date.now() - ms);
    const entries = await readdir(this.path, { recursive: true });
    for (const entry of entries) await utimes(join(this.path, entry), then, then);
  }

  /** Access rights of a file, as in `chmod`. */
  async modeOf(path: string): Promise<string> {
    return ((await stat(path)).mode & 0o777).toString(8);
  }

  async empty(): Promise<void> {
    for (const entry of await readdir(this.path)) await rm(join(this.path, entry), { recursive: true });
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true });
  }
}

/** What an artifact has in it. */
export async function contentOf(store: ArtifactStore, jobId: string, name: string): Promise<string> {
  return text((await store.open({ jobId, name })).stream);
}
