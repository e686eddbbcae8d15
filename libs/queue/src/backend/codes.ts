import { UnrecoverableError } from 'bullmq';
import { JobTransitionError } from '../errors/index.js';

/** Where a refused operation happened, for the error's text. */
export interface Refusal {
  jobId?: string;
  parentKey?: string;
  command: string;
  state?: string;
}

/**
 * The error for a negative answer of a script. Numbers and texts are the ones BullMQ's stores share;
 * its users match on them.
 */
export function refusedError(code: number, { jobId, parentKey, command, state }: Refusal): Error {
  const texts: Record<number, string> = {
    [-1]: `Missing key for job ${jobId}. ${command}`,
    [-2]: `Missing lock for job ${jobId}. ${command}`,
    [-3]: `Job ${jobId} is not in the ${state} state. ${command}`,
    [-4]: `Job ${jobId} has pending dependencies. ${command}`,
    [-5]: `Missing key for parent job ${parentKey}. ${command}`,
    [-6]: `Lock mismatch for job ${jobId}. Cmd ${command} from ${state}`,
    [-7]: `The parent job ${parentKey} cannot be replaced. ${command}`,
    [-8]: `Job ${jobId} belongs to a job scheduler and cannot be removed directly. ${command}`,
    [-10]: `Cannot create job scheduler iteration - job ID already exists. ${command}`,
    [-11]: `Cannot create job scheduler iteration - current and next time slots already have jobs. ${command}`,
  };
  const error =
    code === -9
      ? new UnrecoverableError(
          `Cannot complete job ${jobId} because it has at least one failed child. ${command}`,
        )
      : new JobTransitionError(texts[code] ?? `Unknown code ${code} error for ${jobId}. ${command}`, code);
  // BullMQ's users read the number from `code`.
  return Object.assign(error, { code });
}

/** Passes a non-negative answer on and throws the error of a negative one. */
export function accepted<T>(answer: T, refusal: Refusal): T {
  if (typeof answer === 'number' && answer < 0) throw refusedError(answer, refusal);
  return answer;
}
