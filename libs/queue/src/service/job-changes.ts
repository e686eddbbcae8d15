import { type JobView, type PriorityName } from '#libs/contracts';
import type { DroverBackend } from '../backend/drover-backend.js';
import { editedPayload } from '../backend/edited-document.js';
import type { StoredJob } from '../backend/reading.js';
import { checkDelay, checkKnownId } from '../backend/validate.js';
import { JobNotFoundError, JobStateError, JobTransitionError } from '../errors/index.js';
import { toPriority } from './job-document.js';

/** What can be changed of a job that waits; what is not given stays. */
export interface JobUpdate {
  priority?: PriorityName | number | undefined;
  /** Milliseconds from now; 0 = ready now. */
  delay?: number | undefined;
  /** Any JSON value; of a legacy job an object. */
  payload?: unknown;
}

/** BullMQ's code for the run of a scheduler that must not be removed. */
const CURRENT_RUN = -8;
const EDITED_BY_OTHERS = -14;
const WAITS_FOR_CHILDREN = -15;
/** How often an edit is tried anew after somebody else's came first. */
const EDITS = 20;

/** Changes to single jobs, asked for by people. Each is one step in Redis, which compares first. */
export class JobChanges {
  /** @param get the job as people read it, or {@link JobNotFoundError}. */
  constructor(
    private readonly backend: DroverBackend,
    private readonly get: (id: string) => Promise<JobView>,
  ) {}

  /**
   * Runs a finished job again, with all its attempts; with a payload, with that.
   *
   * @throws {JobNotFoundError}, {JobStateError} unless it has finished; as {@link update} for the payload.
   */
  async retry(id: string, payload?: unknown): Promise<JobView> {
    const answer = await this.editing(id, payload, (job, edit) => {
      const state = job.state === 'cancelled' ? 'failed' : job.state;
      return this.backend.scripts.run<number>('reprocess', id, state, 'tail', '1', '1', ...edit);
    });
    await this.check(id, answer, 'only finished jobs can be retried');
    return this.get(id);
  }

  /**
   * Changes a job that waits, is delayed, or waits for children (which has no delay): all that is given, in one step.
   *
   * @throws {JobNotFoundError}, {JobStateError} when it does not wait any more, {InvalidPriorityError}, {DelayOutOfRangeError},
   * {InvalidDocumentError}, {PayloadTooLargeError}. Nothing is changed then.
   */
  async update(id: string, { priority, delay, payload }: JobUpdate): Promise<JobView> {
    const { maxDelayMs } = this.backend.storeOptions;
    if (delay !== undefined) checkDelay(delay, maxDelayMs);
    const band = priority === undefined ? '' : toPriority(priority);
    const answer = await this.editing(id, payload, (_job, edit) =>
      this.backend.scripts.run<number>(
        'updateJob',
        id,
        band,
        delay ?? '',
        ...(edit.length > 0 ? edit : ['', '', '']),
      ),
    );
    if (answer === WAITS_FOR_CHILDREN) {
      throw new JobStateError(
        id,
        'waiting-children',
        'it starts when its children have ended, so it cannot be delayed',
      );
    }
    await this.check(id, answer, 'only a job that waits can be changed');
    return this.get(id);
  }

  /** Removes a job and all that belongs to it. @throws {JobNotFoundError}, {JobStateError} while it runs, or is a scheduler's next run. */
  async remove(id: string): Promise<void> {
    const job = await this.get(id);
    if ((await this.removed(id, job.status)) === 0) {
      throw new JobStateError(id, job.status, 'a running job cannot be removed; cancel it first');
    }
  }

  /** Makes a delayed job ready now. @throws {JobNotFoundError}, {JobStateError} unless it is delayed. */
  async promote(id: string): Promise<JobView> {
    await this.get(id);
    const answer = await this.backend.scripts.run<number>('promote', id);
    await this.check(id, answer, 'only delayed jobs can be promoted');
    return this.get(id);
  }

  /** Cancels a job; a handler that runs it is told at once. @throws {JobNotFoundError}, {JobStateError} when it has finished. */
  async cancel(id: string): Promise<JobView> {
    checkKnownId(id);
    const answer = await this.backend.scripts.run<string | null>('cancel', id, 'job cancelled');
    if (answer === null) throw new JobNotFoundError(id);
    if (answer !== 'cancelled') {
      const state = answer.replace('was ', '');
      throw new JobStateError(id, state, 'only pending and running jobs can be cancelled');
    }
    return this.get(id);
  }

  /** Does `change` with what a new payload needs, or with nothing; anew when the document was changed meanwhile. */
  private async editing(
    id: string,
    payload: unknown,
    change: (job: StoredJob, edit: string[]) => Promise<number>,
  ): Promise<number> {
    checkKnownId(id);
    for (let edits = 0; edits < EDITS; edits++) {
      const job = await this.backend.reading.find(id);
      if (!job) throw new JobNotFoundError(id);
      const edit = payload === undefined ? undefined : this.edited(job, payload);
      const answer = await change(job, edit ? [edit.digest, edit.payload, edit.document] : []);
      if (answer !== EDITED_BY_OTHERS) return answer;
    }
    throw new JobStateError(id, 'edited by others all the time', 'try again');
  }

  private edited(job: StoredJob, payload: unknown) {
    return editedPayload(job, payload, this.backend.storeOptions.maxDocumentBytes);
  }

  private async removed(id: string, status: string): Promise<number> {
    try {
      return await this.backend.flows.remove(id, false);
    } catch (error) {
      if (!(error instanceof JobTransitionError) || error.bullCode !== CURRENT_RUN) throw error;
      throw new JobStateError(id, status, 'it is the next run of a job scheduler; remove the scheduler');
    }
  }

  private async check(id: string, answer: number, reason: string): Promise<void> {
    if (answer >= 0) return;
    const job = await this.get(id);
    const state = job.status === 'pending' ? job.state.replace('prioritized', 'waiting') : job.status;
    throw new JobStateError(id, state, reason);
  }
}
