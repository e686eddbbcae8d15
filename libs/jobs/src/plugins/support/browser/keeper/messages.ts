/** What a keeper is started with. */
export interface KeeperOptions {
  /** Program of the browser. */
  readonly executable: string;
  readonly sandbox: boolean;
  /** Folder of this browser alone; removed at its end. */
  readonly folder: string;
  readonly launchTimeoutMs: number;
  /** Most bytes of one page's process. */
  readonly pageMemory: number;
  /** Most bytes of all processes together. */
  readonly totalMemory: number;
}

/** What a keeper tells the worker. `page-killed` and `killed`: for having more memory than allowed. */
export type KeeperMessage =
  | { readonly kind: 'ready'; readonly endpoint: string; readonly pid: number }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'page-killed' }
  | { readonly kind: 'killed' };

/** File in the folder of a browser whose time tells that its keeper lives. */
export const HEARTBEAT_FILE = 'alive';
