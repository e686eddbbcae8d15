import { PLACES, type Place } from './keyspace.js';
import type { Stand } from './stand.js';

/** What an operation on a job of one state is expected to do. */
export type Expected =
  | {
      /** Where the job stands afterwards; absent: where it stood. */
      becomes?: Place | 'gone';
      /** Messages on `<p>updates`: event, status, priority where it is told. */
      says?: readonly (readonly [string, string, number?])[];
      /** No key changes at all. */
      unchanged?: true;
      /** Contract priority afterwards. */
      priority?: number;
    }
  /** Name, code and text of the error; nothing changes. */
  | { refused: string };

export interface Operation {
  act: (stand: Stand, id: string) => Promise<unknown>;
  /** For each state a job can be in. */
  gives: Record<Place, Expected>;
}

/** Brings a job of normal priority into a state, with the operations that lead there. */
export async function seed({ service }: Stand, id: string, state: Place): Promise<void> {
  if (state === 'delayed') {
    await service.jobs.create({ id, type: 'example', payload: { n: 1 }, delay: 60_000, attempts: 1 });
    return;
  }
  await service.addJob({ id, type: 'example', payload: { n: 1 } });
  if (state === 'pending') return;
  if (state === 'cancelled') return service.cancelJob(id);
  if ((await service.dequeueJob())?.id !== id) throw new Error(`${id} was not the next job`);
  if (state === 'completed') await service.completeJob(id);
  if (state === 'failed') await service.failJob(id);
}

const STATES = Object.keys(PLACES) as Place[];
const ACTIVE = ['pending', 'delayed', 'running'] as const;
const FINISHED = ['completed', 'failed', 'cancelled'] as const;

function every<S extends Place>(states: readonly S[], give: (state: S) => Expected): Record<S, Expected> {
  return Object.fromEntries(states.map((state) => [state, give(state)])) as Record<S, Expected>;
}

const conflict = (state: string, reason: string): Expected => ({
  refused: `JobStateError JOB_STATE_CONFLICT: job a is ${state}: ${reason}`,
});
/** BullMQ's operations are refused with its own texts. */
const notDelayed = (command: string) => (): Expected => ({
  refused: `JobTransitionError -3: Job a is not in the delayed state. ${command}`,
});
/** The word for a job that waits, where waiting and delayed are told apart. */
const finer = (state: Place) => (state === 'pending' ? 'waiting' : state);

const nothing: Expected = { unchanged: true };
const added = (priority: number): Expected => ({
  becomes: 'pending',
  priority,
  says: [
    ['status_updated', 'pending'],
    ['job_added', 'pending', priority],
  ],
});
const ended = (status: (typeof FINISHED)[number]): Expected => ({
  becomes: status,
  says: [
    ['status_updated', status],
    [`job_${status}`, status],
  ],
});

/** A transition to a finished state, allowed from all that have not finished. */
const ending = (target: (typeof FINISHED)[number], done: string): Operation['gives'] => ({
  ...every(ACTIVE, () => ended(target)),
  ...every(FINISHED, (state) => (state === target ? nothing : conflict(state, `it cannot be ${done}`))),
});

const status = (target: string) => ({
  act: ({ service }: Stand, id: string) => service.updateJobStatus(id, target),
});

const becomesRunning: Operation['gives'] = {
  ...every(['pending', 'delayed'], () => ({ becomes: 'running', says: [['status_updated', 'running']] })),
  running: nothing,
  ...every(FINISHED, (state) => conflict(state, 'it cannot be set to running')),
};

export const OPERATIONS: Record<string, Operation> = {
  'jobs.retry': {
    act: ({ service }, id) => service.jobs.retry(id),
    gives: {
      ...every(ACTIVE, (state) => conflict(finer(state), 'only finished jobs can be retried')),
      ...every(FINISHED, () => added(1)),
    },
  },
  'jobs.remove': {
    act: ({ service }, id) => service.jobs.remove(id),
    gives: {
      ...every(STATES, () => ({ becomes: 'gone' })),
      running: conflict('running', 'a running job cannot be removed; cancel it first'),
    },
  },
  'jobs.promote': {
    act: ({ service }, id) => service.jobs.promote(id),
    gives: {
      ...every(STATES, (state) => conflict(finer(state), 'only delayed jobs can be promoted')),
      delayed: { becomes: 'pending', says: [['status_updated', 'pending']] },
    },
  },
  'jobs.cancel': {
    act: ({ service }, id) => service.jobs.cancel(id),
    gives: {
      ...every(ACTIVE, () => ended('cancelled')),
      ...every(FINISHED, (state) => conflict(state, 'only pending and running jobs can be cancelled')),
    },
  },
  cancelJob: {
    act: ({ service }, id) => service.cancelJob(id),
    gives: ending('cancelled', 'cancelled'),
  },
  completeJob: {
    act: ({ service }, id) => service.completeJob(id),
    gives: ending('completed', 'completed'),
  },
  failJob: {
    act: ({ service }, id) => service.failJob(id),
    gives: ending('failed', 'failed'),
  },
  'failJob with requeue': {
    act: ({ service }, id) => service.failJob(id, { requeue: true }),
    gives: {
      ...every(ACTIVE, () => ({
        becomes: 'pending',
        priority: 0,
        says: [
          ['status_updated', 'failed'],
          ['status_updated', 'pending'],
          ['job_added', 'pending', 0],
        ],
      })),
      ...every(FINISHED, (state) => conflict(state, 'it cannot be requeued')),
    },
  },
  'updateJobStatus pending': {
    ...status('pending'),
    gives: {
      ...every(['pending', 'delayed'], () => nothing),
      running: { becomes: 'pending', says: [['status_updated', 'pending']] },
      ...every(FINISHED, (state) => conflict(state, 'it cannot be set to pending')),
    },
  },
  'updateJobStatus running': { ...status('running'), gives: becomesRunning },
  'updateJobStatus processing': {
    ...status('processing'),
    gives: {
      ...becomesRunning,
      ...every(FINISHED, (state) => conflict(state, 'it cannot be set to processing')),
    },
  },
  'updateJobStatus completed': { ...status('completed'), gives: ending('completed', 'set to completed') },
  'updateJobStatus failed': { ...status('failed'), gives: ending('failed', 'set to failed') },
  'updateJobStatus cancelled': { ...status('cancelled'), gives: ending('cancelled', 'set to cancelled') },
  'addJob again': {
    act: ({ service }, id) => service.addJob({ id, priority: 'high', type: 'other', payload: [] }),
    gives: {
      ...every(STATES, () => added(2)),
      running: conflict('running', 'it cannot be added again before it has ended'),
    },
  },
  changeDelay: {
    act: ({ backend }, id) => backend.changeDelay(id, 30_000),
    gives: { ...every(STATES, notDelayed('changeDelay')), delayed: { becomes: 'delayed' } },
  },
  promote: {
    act: ({ backend }, id) => backend.promote(id),
    gives: {
      ...every(STATES, notDelayed('promote')),
      delayed: { becomes: 'pending', says: [['status_updated', 'pending']] },
    },
  },
  changePriority: {
    act: ({ backend }, id) => backend.changePriority(id, 3),
    gives: every(STATES, () => ({ priority: 0 })),
  },
  updateProgress: {
    act: ({ backend }, id) => backend.updateProgress(id, 40),
    gives: every(STATES, (state) => ({
      says: [['job_progress', state === 'delayed' ? 'pending' : state]],
    })),
  },
};
