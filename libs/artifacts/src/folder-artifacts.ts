import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type {
  Artifact,
  ArtifactContent,
  ArtifactOptions,
  ArtifactReference,
  ArtifactStore,
  OpenArtifact,
} from './artifact.js';
import { ArtifactNotFoundError, ArtifactTooLargeError } from './errors.js';
import { assertArtifactName, contentTypeOf } from './names.js';

export interface FolderArtifactsOptions {
  /** Most bytes of one file. Default: 64 MiB. */
  maxBytes?: number;
  /** Most bytes of all files of a job. Default: 256 MiB. */
  maxJobBytes?: number;
}

const MIB = 1024 * 1024;
const META = '.meta';

/**
 * Artifacts in a folder: `<root>/<two letters>/<hash of the job's id>/<name>`, with `.<name>.meta` beside
 * each file (JSON of its {@link Artifact}). Job ids may be any text, so they are no names of folders. Several
 * processes may use one folder, also over a network.
 */
export class FolderArtifacts implements ArtifactStore {
  private readonly maxBytes: number;
  private readonly maxJobBytes: number;

  /** @param root the folder; made when the first file is kept. */
  constructor(
    private readonly root: string,
    { maxBytes = 64 * MIB, maxJobBytes = 256 * MIB }: FolderArtifactsOptions = {},
  ) {
    this.maxBytes = maxBytes;
    this.maxJobBytes = maxJobBytes;
  }

  async put(
    reference: ArtifactReference,
    content: ArtifactContent,
    options: ArtifactOptions = {},
  ): Promise<Artifact> {
    const { jobId, name } = reference;
    assertArtifactName(name);
    const folder = this.folderOf(jobId);
    await mkdir(folder, { recursive: true });
    const others = (await this.list(jobId)).filter((artifact) => artifact.name !== name);
    const left = this.maxJobBytes - others.reduce((sum, { size }) => sum + size, 0);
    // Written beside its place and moved there when it is whole: nobody sees half a file.
    const temporary = join(folder, `.${randomBytes(8).toString('hex')}.part`);
    try {
      const size = await this.write(temporary, name, content, left);
      const artifact: Artifact = {
        jobId,
        name,
        size,
        contentType: options.contentType ?? contentTypeOf(name),
        createdAt: new Date().toISOString(),
      };
      await rename(temporary, join(folder, name));
      await writeFile(`${temporary}.meta`, JSON.stringify(artifact));
      await rename(`${temporary}.meta`, metaOf(folder, name));
      return artifact;
    } finally {
      await rm(temporary, { force: true });
      await rm(`${temporary}.meta`, { force: true });
    }
  }

  async open({ jobId, name }: ArtifactReference): Promise<OpenArtifact> {
    assertArtifactName(name);
    const folder = this.folderOf(jobId);
    const artifact = await this.read(folder, name);
    if (!artifact) throw new ArtifactNotFoundError(jobId, name);
    return { ...artifact, stream: createReadStream(join(folder, name)) };
  }

  async list(jobId: string): Promise<readonly Artifact[]> {
    const folder = this.folderOf(jobId);
    const names = await readdir(folder).catch(ifMissing([]));
    const files = names.filter((name) => !name.startsWith('.')).sort();
    const artifacts = await Promise.all(files.map((name) => this.read(folder, name)));
    return artifacts.filter((artifact) => artifact !== undefined);
  }

  async remove(jobId: string): Promise<void> {
    await rm(this.folderOf(jobId), { recursive: true, force: true });
  }

  private folderOf(jobId: string): string {
    const hash = createHash('sha256').update(jobId).digest('hex').slice(0, 40);
    return join(this.root, hash.slice(0, 2), hash);
  }

  private async read(folder: string, name: string): Promise<Artifact | undefined> {
    const text = await readFile(metaOf(folder, name), 'utf8').catch(ifMissing(undefined));
    if (text === undefined) return undefined;
    // The file may have been replaced since its description was written.
    const { size } = await stat(join(folder, name));
    return { ...(JSON.parse(text) as Artifact), size };
  }

  private async write(path: string, name: string, content: ArtifactContent, left: number): Promise<number> {
    let size = 0;
    const measured = new Transform({
      transform: (chunk: Buffer, _, done) => {
        size += chunk.length;
        if (size > this.maxBytes) return done(new ArtifactTooLargeError(name, 'a file', this.maxBytes));
        if (size > left)
          return done(new ArtifactTooLargeError(name, 'all files of a job together', this.maxJobBytes));
        done(null, chunk);
      },
    });
    const source = content instanceof Readable ? content : Readable.from([Buffer.from(content as string)]);
    await pipeline(source, measured, createWriteStream(path, { mode: 0o640 }));
    return size;
  }
}

const metaOf = (folder: string, name: string): string => join(folder, `.${name}${META}`);

/** For a file or folder that is not there, `instead`. */
function ifMissing<T>(instead: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return instead;
    throw error;
  };
}
