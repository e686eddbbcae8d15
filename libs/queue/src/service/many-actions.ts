import type { DroverBackend } from '../backend/drover-backend.js';
import { checkKnownId } from '../backend/validate.js';

/** What can be done to many jobs at once. */
export type ManyAction = 'retry' | 'remove' | 'promote' | 'cancel';

/** What became of one job. */
export interface ActionOutcome {
  id: string;
  outcome: 'done' | 'missing' | 'skipped' | 'failed';
  /** Of a skipped one, the state that does not allow it (`scheduled` = a scheduler's next run); of a failed one, the error. */
  reason?: string;
}

/** Jobs in one call: it holds Redis for a few milliseconds. */
const A_CALL = 50;

/** Does one action to many jobs, a bounded number a call. */
export class ManyActions {
  constructor(private readonly backend: DroverBackend) {}

  /** @param creator whom the jobs must belong to: others count as missing. Default: anybody. */
  async act(action: ManyAction, ids: readonly string[], creator = ''): Promise<ActionOutcome[]> {
    ids.forEach(checkKnownId);
    const outcomes: ActionOutcome[] = [];
    for (let from = 0; from < ids.length; from += A_CALL) {
      const part = ids.slice(from, from + A_CALL);
      const args = [action, creator, 'job cancelled', ...part];
      const told = await this.backend.scripts.runList<(string | [string])[]>('actOnJobs', args);
      outcomes.push(...told.map((answer, at) => outcomeOf(part[at] as string, answer)));
    }
    return outcomes;
  }
}

function outcomeOf(id: string, answer: string | [string]): ActionOutcome {
  if (typeof answer === 'object') return { id, outcome: 'failed', reason: answer[0] };
  if (answer === 'done' || answer === 'missing') return { id, outcome: answer };
  return { id, outcome: 'skipped', reason: answer };
}
