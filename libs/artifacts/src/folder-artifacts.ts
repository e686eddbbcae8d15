import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type {
  Artifact,
  ArtifactContent,
  ArtifactOptions,
  ArtifactSource,
  ArtifactStore,
  ArtifactTarget,
  OpenArtifact,
  PartOf,
} from './artifact.js';
import { ArtifactNotFoundError, ArtifactTooLargeError, TooManyArtifactsError } from './errors.js';
import { JobFolder, type Part } from './job-folder.js';
import { Measure } from './measure.js';
import { assertArtifactName, contentTypeOf } from './names.js';
import { queueFolderName } from './queue-folder.js';
import { FolderSweep, type SweepOptions, type SweepResult } from './sweep.js';

export interface FolderArtifactsOptions {
  /** Most bytes of one file. Default: 64 MiB. */
  maxBytes?: number;
  /** Most bytes of all files of a job. Default: 256 MiB. */
  maxJobBytes?: number;
  /** Most files of a job. Default: 1,000. */
  maxJobFiles?: number;
}

const MIB = 1024 * 1024;
const DEFAULTS = { maxBytes: 64 * MIB, maxJobBytes: 256 * MIB, maxJobFiles: 1000 };

/**
 * Artifacts in a folder: `<root>/<two letters>/<hash of the job's id>/`, see {@link JobFolder}. Job ids may be any
 * text, so they are no names of folders. Several processes may use one folder, also over a network; the
 * limits of a job hold for what one process writes at the same time.
 */
export class FolderArtifacts implements ArtifactStore {
  private readonly limits: Required<FolderArtifactsOptions>;
  private readonly sweeping: FolderSweep;
  /** By folder: the end of the last change to it that this process has begun. */
  private readonly changes = new Map<string, Promise<unknown>>();

  /**
   * @param root the folder; made when the first file is kept. Those of other queues stand beside it, see `artifactFolder`: from
   *   them it only reads.
   */
  constructor(
    private readonly root: string,
    options: FolderArtifactsOptions = {},
  ) {
    this.limits = { ...DEFAULTS, ...options };
    this.sweeping = new FolderSweep(root, (path, change) => this.alone(path, change));
  }

  async put(
    target: ArtifactTarget,
    content: ArtifactContent,
    options: ArtifactOptions = {},
  ): Promise<Artifact> {
    // One that breaks before anybody reads it must not end the process; it is found broken then.
    if (content instanceof Readable) content.on('error', () => undefined);
    try {
      assertArtifactName(target.name);
      const folder = this.folderOf(target.jobId);
      const part = await folder.begin();
      try {
        return await this.write(folder, part, target, content, options);
      } finally {
        part.sink.destroy();
        await rm(part.path, { force: true });
      }
    } catch (error) {
      // Whoever sends the content (a response, a browser) must not wait for a reader that never comes.
      if (content instanceof Readable) content.destroy();
      throw error;
    }
  }

  async open({ jobId, name, queue }: ArtifactSource, partOf?: PartOf): Promise<OpenArtifact> {
    assertArtifactName(name);
    const root = queue === undefined ? this.root : join(dirname(this.root), queueFolderName(queue));
    const opened = await this.folderOf(jobId, root).open(name);
    if (!opened) throw new ArtifactNotFoundError(jobId, name);
    const part = partOf?.(opened.artifact.size);
    return { ...opened.artifact, part, stream: opened.handle.createReadStream(part) };
  }

  async list(jobId: string): Promise<readonly Artifact[]> {
    return this.folderOf(jobId).list();
  }

  async remove(jobId: string): Promise<void> {
    const { path } = this.folderOf(jobId);
    await this.alone(path, () => rm(path, { recursive: true, force: true }));
  }

  /**
   * Removes the files of jobs that have kept none for `olderThanMs`, and what is left of writers that died. Looks at a
   * limited number of jobs, and goes on there with the next call.
   *
   * @returns what was done, and whether all jobs have been looked at.
   */
  sweep(olderThanMs: number, options?: SweepOptions): Promise<SweepResult> {
    return this.sweeping.sweep(olderThanMs, options);
  }

  private folderOf(jobId: string, root = this.root): JobFolder {
    const hash = createHash('sha256').update(jobId).digest('hex').slice(0, 40);
    return new JobFolder(join(root, hash.slice(0, 2), hash), jobId);
  }

  private async write(
    folder: JobFolder,
    part: Part,
    { jobId, name, jobCreatedAt }: ArtifactTarget,
    content: ArtifactContent,
    { contentType = contentTypeOf(name) }: ArtifactOptions,
  ): Promise<Artifact> {
    const { maxBytes, maxJobBytes } = this.limits;
    const makeRoom = async () => {
      if (jobCreatedAt !== undefined) await folder.makeRoomFor(jobCreatedAt, name);
    };
    await this.alone(folder.path, makeRoom);
    const left = await this.bytesLeft(folder, name);
    const measure = new Measure((size) => {
      if (size > maxBytes) throw new ArtifactTooLargeError(name, 'a file', maxBytes);
      if (size > left) throw new ArtifactTooLargeError(name, ALL_FILES, maxJobBytes);
    });
    const source = content instanceof Readable ? content : Readable.from([Buffer.from(content as string)]);
    await pipeline(source, measure, part.sink);
    return this.alone(folder.path, async () => {
      await makeRoom();
      // Files of the job that were written at the same time count as well.
      if (measure.size > (await this.bytesLeft(folder, name))) {
        throw new ArtifactTooLargeError(name, ALL_FILES, maxJobBytes);
      }
      const createdAt = new Date().toISOString();
      const job = jobCreatedAt === undefined ? {} : { jobCreatedAt };
      const artifact: Artifact = { jobId, name, size: measure.size, contentType, createdAt, ...job };
      await folder.commit(part, artifact);
      return artifact;
    });
  }

  /** Bytes that a file of this name may have beside the others. @throws {TooManyArtifactsError} */
  private async bytesLeft(folder: JobFolder, name: string): Promise<number> {
    const others = (await folder.list()).filter((artifact) => artifact.name !== name);
    const { maxJobBytes, maxJobFiles } = this.limits;
    if (others.length >= maxJobFiles) throw new TooManyArtifactsError(name, maxJobFiles);
    return maxJobBytes - others.reduce((sum, { size }) => sum + size, 0);
  }

  /** Makes the changes of this process to one folder one after the other. */
  private async alone<T>(path: string, change: () => Promise<T>): Promise<T> {
    const before = this.changes.get(path) ?? Promise.resolve();
    const changed = before.then(change);
    const ended = changed.catch(() => undefined);
    this.changes.set(path, ended);
    try {
      return await changed;
    } finally {
      if (this.changes.get(path) === ended) this.changes.delete(path);
    }
  }
}

const ALL_FILES = 'all files of a job together';
