import type { Readable } from 'node:stream';

/** A file that a job left behind. */
export interface Artifact {
  readonly jobId: string;
  /** File name, unique within the job. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** MIME type. */
  readonly contentType: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** When the job was created that left it (ISO 8601, UTC), where that is known: ids may come again. */
  readonly jobCreatedAt?: string | undefined;
}

/** Which file is meant. */
export type ArtifactReference = Pick<Artifact, 'jobId' | 'name'>;

/** Which file is to be kept. */
export interface ArtifactTarget extends ArtifactReference {
  /** When its job was created (ISO 8601, UTC): what an earlier job of the id has left makes room. Default: nothing does. */
  readonly jobCreatedAt?: string | undefined;
}

/** Which file is to be read. */
export interface ArtifactSource extends ArtifactReference {
  /** Queue of its job. Default: that of the store. */
  readonly queue?: string | undefined;
}

export type ArtifactContent = string | Uint8Array | Readable;

export interface ArtifactOptions {
  /** MIME type. Default: by the ending of the name, else `application/octet-stream`. */
  readonly contentType?: string;
}

/** Some bytes of a file: the first and the last, counted from 0. */
export interface ArtifactPart {
  readonly start: number;
  readonly end: number;
}

/** Chooses the part of a file to be read, by its size; nothing = all of it. */
export type PartOf = (size: number) => ArtifactPart | undefined;

export interface OpenArtifact extends Artifact {
  readonly stream: Readable;
  /** What the stream gives, where that is not all. */
  readonly part?: ArtifactPart | undefined;
}

/** Where artifacts are kept. */
export interface ArtifactStore {
  /**
   * Keeps a file, whole or not at all; one of the same name is replaced. Files of an earlier job of the same id are removed.
   *
   * @throws {InvalidArtifactNameError} for a name that is no plain file name.
   * @throws {ArtifactTooLargeError} when it, or all of the job's files together, are over the limit.
   * @throws {TooManyArtifactsError}
   * @throws {ArtifactRemovedError} also when a later job of the same id has kept files.
   */
  put(target: ArtifactTarget, content: ArtifactContent, options?: ArtifactOptions): Promise<Artifact>;
  /**
   * Opens a file. The stream must be read to its end or destroyed; it gives what was there when it was opened,
   * also when the file is replaced meanwhile.
   *
   * @param partOf which part of it is wanted. Default: all.
   * @throws {ArtifactNotFoundError} {@link InvalidArtifactNameError}
   */
  open(reference: ArtifactSource, partOf?: PartOf): Promise<OpenArtifact>;
  /** A job's files, by name; none when it has none. */
  list(jobId: string): Promise<readonly Artifact[]>;
  /** Removes a job's files. */
  remove(jobId: string): Promise<void>;
}

/** Whether a file was left by the job of its id that was created then, or a later one; `jobCreatedAt` is ISO 8601, UTC. */
export const isOfJob = (file: Pick<Artifact, 'createdAt' | 'jobCreatedAt'>, jobCreatedAt: string): boolean =>
  !(Date.parse(file.jobCreatedAt ?? file.createdAt) < Date.parse(jobCreatedAt));

/** Injection token of the process's {@link ArtifactStore}. */
export const ARTIFACT_STORE = Symbol('drover:artifact-store');
