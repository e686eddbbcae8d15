import type { LiveType, PublishedType } from '#libs/contracts';
import type { TypeCatalog } from './type-catalog.js';
import { compareVersions } from './versions.js';

/** A type as one worker published it. */
export interface Publication {
  worker: string;
  type: PublishedType;
}

/**
 * The types that were published, by name: each as its newest version says, with all versions that live workers run. Workers
 * of one version that take other payloads count as another version. The order of what is given does not matter.
 */
export function liveTypes(publications: readonly Publication[]): LiveType[] {
  const byName = new Map<string, Publication[]>();
  const inOrder = [...publications].sort((a, b) => (a.worker < b.worker ? -1 : 1));
  for (const one of inOrder) byName.set(one.type.type, [...(byName.get(one.type.type) ?? []), one]);
  return [...byName.values()].map(liveType).sort((a, b) => (a.type < b.type ? -1 : 1));
}

function liveType(publications: readonly Publication[]): LiveType {
  const variants = new Map<string, { type: PublishedType; workers: string[] }>();
  for (const { worker, type } of publications) {
    const key = JSON.stringify([type.version, type.payload]);
    const known = variants.get(key);
    if (known) known.workers.push(worker);
    else variants.set(key, { type, workers: [worker] });
  }
  // Sorting is stable: of equal versions the worker whose id comes first is asked.
  const sorted = [...variants.values()].sort((a, b) => compareVersions(b.type.version, a.type.version));
  const [newest] = sorted as unknown as [{ type: PublishedType }];
  return {
    ...newest.type,
    workers: publications.map(({ worker }) => worker),
    versions: sorted.map(({ type: { version, payload }, workers }) => ({
      version,
      ...(payload === undefined ? {} : { payload }),
      workers,
    })),
  };
}

/** How long an answer of Redis holds: types change when workers start and stop. */
const FRESH_MS = 1000;

/** The types of a {@link TypeCatalog}, read at most once a second: what it says is up to a second old. */
export class TypeView {
  private read: { at: number; types: Promise<ReadonlyMap<string, LiveType>> } | undefined;

  constructor(private readonly catalog: Pick<TypeCatalog, 'list'>) {}

  /** The type, when a live worker runs it. */
  async find(type: string): Promise<LiveType | undefined> {
    return (await this.types()).get(type);
  }

  /** Names of the types that live workers run, in alphabetical order. */
  async names(): Promise<string[]> {
    return [...(await this.types()).keys()];
  }

  /** The types that live workers run, by name. */
  async list(): Promise<LiveType[]> {
    return [...(await this.types()).values()];
  }

  private types(): Promise<ReadonlyMap<string, LiveType>> {
    const now = performance.now();
    if (!this.read || now - this.read.at > FRESH_MS) {
      const types = this.catalog.list().then((all) => new Map(all.map((type) => [type.type, type])));
      const read = { at: now, types };
      this.read = read;
      // An answer that did not come is no answer for the next second.
      types.catch(() => {
        if (this.read === read) this.read = undefined;
      });
    }
    return this.read.types;
  }
}
