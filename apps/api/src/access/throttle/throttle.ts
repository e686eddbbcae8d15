import { TooManyRequestsError } from '../access-errors.js';
import type { Identity } from '../caller.js';
import { networkOf } from './network-of.js';
import type { SharedCounts } from './shared-counts.js';
import type { SlidingWindows } from './sliding-windows.js';

/** Most requests of one address without a key in a minute, unless the limit of keys is lower. */
const STRANGERS_PER_MINUTE = 600;

/** Limits how often one key, or one address without a key, may ask. */
export class Throttle {
  /** @param perMinute requests of one key in a minute; 0 = no limit. */
  constructor(
    private readonly perMinute: number,
    private readonly windows: SlidingWindows,
    private readonly counts: SharedCounts,
  ) {}

  onModuleInit(): void {
    if (this.perMinute > 0) this.counts.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.counts.stop();
  }

  /**
   * Counts a request.
   *
   * @param caller `undefined` = nobody is known: the address counts.
   * @throws {TooManyRequestsError} above the limit.
   */
  take(caller: Identity | undefined, address: string): void {
    if (this.perMinute === 0) return;
    const limit = caller ? this.perMinute : Math.min(this.perMinute, STRANGERS_PER_MINUTE);
    const wait = this.windows.take(caller ? idOf(caller) : `address:${networkOf(address)}`, limit);
    if (wait === 0) return;
    const who = caller ? `"${caller.name}"` : `the address ${address}`;
    throw new TooManyRequestsError(`${who} has made ${limit} requests within a minute`, wait);
  }
}

/** Sessions of a key count as the key. */
function idOf({ owner }: Identity): string {
  return owner.kind === 'key' ? `key:${owner.keyId}` : owner.kind;
}
