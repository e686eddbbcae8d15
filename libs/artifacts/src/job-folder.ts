import { randomBytes } from 'node:crypto';
import {
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { isOfJob, type Artifact } from './artifact.js';
import { ArtifactRemovedError } from './errors.js';

const META = '.meta';
/** Begins the names of files that are not finished. No artifact's name has a `~`. */
const UNFINISHED = '.~';
const FILE_MODE = 0o640;
const FOLDER_MODE = 0o750;
/** How often an artifact that is being replaced is looked up before it counts as gone. */
const LOOKUPS = 10;

/** An artifact as it is described on disk. */
interface Described extends Artifact {
  /** Name of the file with its content. */
  readonly file: string;
}

/** A file that is being written. */
export interface Part {
  readonly path: string;
  /** Closes the file when it has ended or is destroyed. */
  readonly sink: Writable;
}

/**
 * The files of one job. An artifact is a description, `.<name>.meta`, that names the file with the content,
 * `<random>-<name>`, which is never written to again. So one rename puts content and description in place
 * together, and whoever has opened an artifact reads it to its end, also when it is replaced meanwhile.
 */
export class JobFolder {
  constructor(
    readonly path: string,
    private readonly jobId: string,
  ) {}

  /** Begins a file; makes the folder, also when it is removed at this moment. */
  async begin(): Promise<Part> {
    const path = join(this.path, `${UNFINISHED}${random()}`);
    for (let tries = 1; ; tries++) {
      await mkdir(this.path, { recursive: true, mode: FOLDER_MODE });
      try {
        const handle = await open(path, 'wx', FILE_MODE);
        return { path, sink: handle.createWriteStream() };
      } catch (error) {
        if (!isMissing(error) || tries === LOOKUPS) throw error;
      }
    }
  }

  /**
   * Puts a finished file in the place of the artifact of that name, if there is one.
   *
   * @throws {ArtifactRemovedError} when the job's files were removed meanwhile.
   */
  async commit(part: Part, artifact: Artifact): Promise<void> {
    const described: Described = { ...artifact, file: `${random()}-${artifact.name}` };
    const before = await this.read(artifact.name);
    const meta = `${part.path}${META}`;
    try {
      await rename(part.path, join(this.path, described.file));
      await writeFile(meta, JSON.stringify(described), { mode: FILE_MODE });
      await rename(meta, this.metaOf(artifact.name));
    } catch (error) {
      await this.drop(described.file);
      if (isMissing(error)) throw new ArtifactRemovedError(artifact.jobId, artifact.name);
      throw error;
    } finally {
      await rm(meta, { force: true });
    }
    if (before) await this.drop(before.file);
    // Another process was faster by a moment, and knew nothing of this file.
    const now = await this.read(artifact.name);
    if (now && now.file !== described.file) await this.drop(described.file);
  }

  /** Opens an artifact's content; `undefined` when there is none of that name. */
  async open(name: string): Promise<{ artifact: Artifact; handle: FileHandle } | undefined> {
    for (let lookups = 0; lookups < LOOKUPS; lookups++) {
      const described = await this.read(name);
      if (!described) return undefined;
      const { file, ...artifact } = described;
      const handle = await open(join(this.path, file)).catch(ifMissing(undefined));
      // Replaced since its description was read: there is a new one.
      if (handle) return { artifact, handle };
    }
    return undefined;
  }

  /** The artifacts there are, by name. */
  async list(): Promise<Artifact[]> {
    const names = (await this.entries())
      .filter((entry) => entry.startsWith('.') && entry.endsWith(META) && !entry.startsWith(UNFINISHED))
      .map((entry) => entry.slice(1, -META.length))
      .sort();
    const described = await Promise.all(names.map((name) => this.read(name)));
    return described.filter((one) => one !== undefined).map(({ file: _, ...artifact }) => artifact);
  }

  /**
   * Removes what an earlier job of the id has left.
   *
   * @throws {ArtifactRemovedError} naming the artifact that is to come, when a later job of the id has left files: this one is gone.
   */
  async makeRoomFor(jobCreatedAt: string, name: string): Promise<void> {
    for (const found of await this.list()) {
      if (
        found.jobCreatedAt !== undefined &&
        found.jobCreatedAt !== jobCreatedAt &&
        isOfJob(found, jobCreatedAt)
      )
        throw new ArtifactRemovedError(this.jobId, name);
      if (isOfJob(found, jobCreatedAt)) continue;
      const described = await this.read(found.name);
      await this.drop(`.${found.name}${META}`);
      if (described) await this.drop(described.file);
    }
  }

  /** Removes what writers left behind that ended in the middle: unfinished files untouched since `before` (Unix ms). */
  async removeStaleParts(before: number): Promise<void> {
    const parts = (await this.entries()).filter((entry) => entry.startsWith(UNFINISHED));
    for (const entry of parts) await this.removeIfOlder(entry, before);
  }

  /**
   * Removes all files untouched since `before`, and the folder if nothing else is in it. One that cannot be removed
   * does not keep the others.
   *
   * @returns whether it is gone
   * @throws the error of the first file that could not be removed.
   */
  async removeOlder(before: number): Promise<boolean> {
    const failures: unknown[] = [];
    for (const entry of await this.entries()) {
      await this.removeIfOlder(entry, before).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
    try {
      await rmdir(this.path);
      return true;
    } catch (error) {
      // Somebody has put a file there just now.
      if ((error as NodeJS.ErrnoException).code === 'ENOTEMPTY') return false;
      return ifMissing(true)(error as NodeJS.ErrnoException);
    }
  }

  private async removeIfOlder(entry: string, before: number): Promise<void> {
    const path = join(this.path, entry);
    const found = await stat(path).catch(ifMissing(undefined));
    if (!found || found.mtimeMs >= before) return;
    if (!entry.endsWith(META)) return this.drop(entry);
    // Descriptions alone are ever replaced: another process may put a new one here at this moment. So it is taken
    // away first and looked at again, and put back if it is new and no newer one has come.
    const taken = join(this.path, `${UNFINISHED}${random()}`);
    try {
      await rename(path, taken);
      if ((await stat(taken)).mtimeMs >= before) await link(taken, path).catch(ifThere);
    } catch (error) {
      ifMissing(undefined)(error as NodeJS.ErrnoException);
    } finally {
      await rm(taken, { force: true });
    }
  }

  private entries(): Promise<string[]> {
    return readdir(this.path).catch(ifMissing([]));
  }

  private async read(name: string): Promise<Described | undefined> {
    const text = await readFile(this.metaOf(name), 'utf8').catch(ifMissing(undefined));
    if (text === undefined) return undefined;
    try {
      const described = JSON.parse(text) as Described;
      return described.jobId === this.jobId && described.name === name ? described : undefined;
    } catch {
      // Cut short when the machine lost its power: there is nothing to be had of it.
      return undefined;
    }
  }

  private metaOf(name: string): string {
    return join(this.path, `.${name}${META}`);
  }

  private async drop(file: string): Promise<void> {
    await rm(join(this.path, file), { force: true });
  }
}

/** 12 characters: with the longest name they stay below the 255 bytes that file systems allow. */
const random = (): string => randomBytes(6).toString('hex');

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** For a name that is taken: nothing. */
function ifThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/** For a file or folder that is not there, `instead`. */
export function ifMissing<T>(instead: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (isMissing(error)) return instead;
    throw error;
  };
}
