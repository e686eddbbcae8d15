import type { BackendFactory, ConnectionOptions } from 'bullmq';

/** A store that the kit can test: how BullMQ's classes get it, and where it keeps its data. */
export interface StoreUnderTest {
  /** Shown in the names of the tests. */
  readonly name: string;
  /** What BullMQ's classes are given as their third constructor argument. */
  readonly createBackend: BackendFactory;
  /** The `connection` option of BullMQ's classes: ioredis options, or an ioredis client or cluster. */
  readonly connection: ConnectionOptions;
  /** The `prefix` option of BullMQ's classes. Every case uses queues of its own under it. */
  readonly prefix: string;
  /**
   * Leaves a waiting job behind as a crash of an old version could: its own data stays, but no list of the
   * queue names it any more.
   */
  makeOrphan(qualifiedName: string, jobId: string): Promise<void>;
  /** Lets go of all that was opened for the tests, after the last one. */
  dispose(): Promise<void>;
}

/**
 * Cases in which a store deliberately does something else: title of the case to the reason. Such a case
 * must fail (the kit says so when it passes all the same), and its name shows the reason.
 */
export type Differences = Readonly<Record<string, string>>;

/** What the areas of the kit are called with. */
export type StoreGetter = () => StoreUnderTest;

/** Describes one area's cases. The store is asked for when a case runs, not before. */
export type Area = (store: StoreGetter, differences?: Differences) => void;
