import type { QueueKeys } from './keys.js';
import type { RedisClient, Scripts } from './scripts.js';

/** What running jobs keep of how far they have come, in the field `checkpoint` of the job's hash. */
export class Checkpoints {
  constructor(
    private readonly scripts: Scripts,
    private readonly client: () => Promise<RedisClient>,
    private readonly keys: QueueKeys,
  ) {}

  /** Keeps a state (JSON) in place of the one before. @returns false when the job is no longer that of `token`. */
  async keep(id: string, token: string, state: string): Promise<boolean> {
    return (await this.scripts.run<number>('keepCheckpoint', id, token, state)) === 1;
  }

  /** @returns what was kept last, decoded; `undefined` when nothing was. */
  async find(id: string): Promise<unknown> {
    const state = await (await this.client()).hget(this.keys.job(id), 'checkpoint');
    return state === null ? undefined : JSON.parse(state);
  }
}
