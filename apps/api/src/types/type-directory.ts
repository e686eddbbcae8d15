import { Injectable } from '@nestjs/common';
import type { LiveType } from '#libs/contracts';
import { QueueService } from '#libs/queue';

/** How long an answer of Redis holds: types change when workers start and stop. */
const FRESH_MS = 1000;

/** The job types there are, as live workers publish them. */
@Injectable()
export class TypeDirectory {
  private listed: { at: number; types: Promise<ReadonlyMap<string, LiveType>> } | undefined;

  constructor(private readonly queue: QueueService) {}

  /** The type, when a live worker runs it; up to a second old. */
  async find(type: string): Promise<LiveType | undefined> {
    const now = performance.now();
    if (!this.listed || now - this.listed.at > FRESH_MS) {
      const types = this.read();
      this.listed = { at: now, types };
      // An answer that did not come is no answer for the next second.
      types.catch(() => (this.listed = undefined));
    }
    return (await this.listed.types).get(type);
  }

  private async read(): Promise<ReadonlyMap<string, LiveType>> {
    return new Map((await this.queue.types.list()).map((type) => [type.type, type]));
  }
}
