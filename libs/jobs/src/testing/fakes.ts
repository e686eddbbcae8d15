import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  ArtifactNotFoundError,
  assertArtifactName,
  contentTypeOf,
  type Artifact,
  type ArtifactContent,
  type ArtifactOptions,
  type ArtifactReference,
  type ArtifactStore,
  type OpenArtifact,
} from '#libs/artifacts';
import type {
  CachedResult,
  ChildOutcome,
  NewChild,
  Progress,
  RunnerPorts,
  RunServices,
} from '../framework/index.js';

/** An {@link ArtifactStore} in memory, with its contents to look at. */
export class FakeArtifacts implements ArtifactStore {
  readonly files = new Map<string, { artifact: Artifact; content: Buffer }>();

  async put({ jobId, name }: ArtifactReference, content: ArtifactContent, options: ArtifactOptions = {}) {
    assertArtifactName(name);
    const bytes = content instanceof Readable ? await buffer(content) : Buffer.from(content as string);
    const artifact: Artifact = {
      jobId,
      name,
      size: bytes.length,
      contentType: options.contentType ?? contentTypeOf(name),
      createdAt: new Date().toISOString(),
    };
    this.files.set(`${jobId}/${name}`, { artifact, content: bytes });
    return artifact;
  }

  async open({ jobId, name }: ArtifactReference): Promise<OpenArtifact> {
    const file = this.files.get(`${jobId}/${name}`);
    if (!file) throw new ArtifactNotFoundError(jobId, name);
    return { ...file.artifact, stream: Readable.from([file.content]) };
  }

  async list(jobId: string): Promise<readonly Artifact[]> {
    return [...this.files.values()]
      .map(({ artifact }) => artifact)
      .filter((artifact) => artifact.jobId === jobId);
  }

  async remove(jobId: string): Promise<void> {
    for (const { name } of await this.list(jobId)) this.files.delete(`${jobId}/${name}`);
  }
}

/** What a run asks of queue and disk, kept in memory to look at. */
export class FakeServices implements RunServices {
  readonly logs: string[] = [];
  readonly progressed: Progress[] = [];
  /** Every state given to `checkpoint`, oldest first. */
  readonly checkpoints: unknown[] = [];
  readonly enqueued: NewChild[] = [];
  readonly children: NewChild[] = [];

  /**
   * @param savedState what `context.state` is; default: nothing was kept before.
   * @param outcomes what became of children that `flow` asks for, by the key or place they have; default: none has ended.
   */
  constructor(
    readonly artifacts: ArtifactStore = new FakeArtifacts(),
    private readonly savedState?: unknown,
    private readonly outcomes: Readonly<Record<string, unknown>> = {},
  ) {}

  async log(text: string): Promise<void> {
    this.logs.push(text);
  }

  async progress(value: Progress): Promise<void> {
    this.progressed.push(value);
  }

  async state(): Promise<unknown> {
    return this.savedState;
  }

  async checkpoint(json: string): Promise<void> {
    this.checkpoints.push(JSON.parse(json));
  }

  /** @returns the child's key, which stands for its id here. */
  async enqueue(child: NewChild): Promise<string> {
    this.enqueued.push(child);
    return child.key;
  }

  async addChildren(children: readonly NewChild[]): Promise<readonly (ChildOutcome | undefined)[]> {
    this.children.push(...children);
    return children.map(({ key: id }): ChildOutcome | undefined => {
      if (!Object.hasOwn(this.outcomes, id)) return undefined;
      const outcome = this.outcomes[id];
      return outcome instanceof Error
        ? { id, status: 'failed', error: outcome.message }
        : { id, status: 'completed', result: outcome };
    });
  }
}

/** Ports of a runner that stands alone. `liveTypes` are what other workers run; results are cached in memory. */
export function fakePorts(liveTypes: readonly string[] = []): RunnerPorts & {
  readonly seen: Map<string, number>;
  readonly cached: Map<string, CachedResult>;
  /** Since when jobs have been looking for another version of their type, by id. */
  readonly misfitsSince: Map<string, number>;
  /** When live workers last had a type. */
  readonly lastHad: Map<string, number>;
  /** Payloads that another live worker takes. */
  readonly takenElsewhere: Set<unknown>;
} {
  const misfits = new Map<string, number>();
  const lastSeen = new Map<string, number>();
  const fitsElsewhere = new Set<unknown>();
  const seen = new Map<string, number>();
  const cached = new Map<string, CachedResult>();
  return {
    seen,
    cached,
    misfitsSince: misfits,
    lastHad: lastSeen,
    takenElsewhere: fitsElsewhere,
    unhandled: {
      firstSeen: async (id) => seen.get(id) ?? Date.now(),
      forget: async (id) => void seen.delete(id),
    },
    misfits: {
      firstSeen: async (id) => misfits.get(id) ?? Date.now(),
      forget: async (id) => void misfits.delete(id),
    },
    live: {
      names: async () => [...liveTypes],
      isRun: async (type) => liveTypes.includes(type),
      lastSeen: async (type) => lastSeen.get(type),
      fitsElsewhere: async (_, payload) => fitsElsewhere.has(payload),
    },
    scheduled: { admit: async () => undefined },
    cache: {
      find: async (key) => cached.get(key),
      keep: async (key, entry) => void cached.set(key, entry),
    },
  };
}
