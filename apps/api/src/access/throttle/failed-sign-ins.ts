import { Injectable } from '@nestjs/common';
import { SlidingWindows } from './sliding-windows.js';
import { networkOf } from './network-of.js';

/** Wrong keys that one address may send in a minute. */
export const WRONG_KEYS_PER_MINUTE = 10;

/** Counts wrong keys by address, in this process alone: so few that others need not know. */
@Injectable()
export class FailedSignIns {
  private readonly windows = new SlidingWindows();

  note(address: string): void {
    this.windows.count(networkOf(address));
  }

  /** Seconds until the address may try again; 0 = now. */
  waitOf(address: string): number {
    return this.windows.waitOf(networkOf(address), WRONG_KEYS_PER_MINUTE);
  }
}
