// The hazards "transitions are unchecked" and "cancel does not reach a running worker".
import { waitFor } from '../../../tests/support/wait.js';
import { PLACES } from './support/keyspace.js';
import { advance, toEnd } from './support/legacy.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

async function runningHere(stand: Stand, id = 'a'): Promise<void> {
  await stand.service.addJob({ id, payload: 1 });
  expect(await stand.claim()).toBe(id);
}

describe('transitions are unchecked: a late CompleteJob can overwrite a cancel', () => {
  it('QueueService refuses to complete, fail or requeue a cancelled job, and it stays cancelled', async () => {
    const stand = open();
    await runningHere(stand);
    await stand.service.cancelJob('a');
    const before = await stand.everything();
    await expect(stand.service.completeJob('a')).rejects.toMatchObject({ code: 'JOB_STATE_CONFLICT' });
    await expect(stand.service.failJob('a')).rejects.toMatchObject({ code: 'JOB_STATE_CONFLICT' });
    await expect(stand.service.failJob('a', { requeue: true })).rejects.toMatchObject({
      code: 'JOB_STATE_CONFLICT',
    });
    expect(await stand.everything()).toEqual(before);
    expect(await stand.status('a')).toBe('cancelled');
  });

  it("a worker's late report of a cancelled job changes nothing", async () => {
    const stand = open();
    await runningHere(stand);
    await stand.service.cancelJob('a');
    const before = await stand.everything();
    const job = { id: 'a', opts: {}, attemptsMade: 0 } as never;
    await expect(stand.backend.moveToCompleted(job, 1, false, 'token', false)).rejects.toMatchObject({
      code: -2,
    });
    await expect(stand.backend.moveToFailed(job, 'x', false, 'token', false)).rejects.toMatchObject({
      code: -2,
    });
    await expect(stand.backend.retryJob('a', false, 'token')).rejects.toMatchObject({ code: -2 });
    await expect(stand.backend.moveToDelayed('a', 1, 1, 'token')).rejects.toMatchObject({ code: -2 });
    await expect(stand.backend.moveJobFromActiveToWait('a', 'token')).rejects.toMatchObject({ code: -2 });
    expect(await stand.everything()).toEqual(before);
  });

  it.each(['completed', 'failed'] as const)(
    "a legacy worker's late report does not make a cancelled job %s",
    async (end) => {
      const stand = open();
      await stand.legacy.add({ id: 'a' });
      await stand.pass();
      await stand.legacy.dequeue();
      await stand.pass();
      await stand.service.cancelJob('a');
      await (end === 'completed' ? stand.legacy.complete('a') : stand.legacy.fail('a'));
      await stand.pass();
      expect(await stand.standing('a')).toEqual(PLACES.cancelled);
      expect(await stand.status('a')).toBe('cancelled');
      expect(await stand.service.getJobStatus('a')).toBe('cancelled');
    },
  );

  it('with a reconciler that watches, a late CompleteJob is put right at once', async () => {
    const stand = open();
    await runningHere(stand);
    stand.newReconciler({ watch: true, intervalSeconds: 3600 }).start();
    await stand.service.cancelJob('a');
    await waitFor(async () => {
      await stand.legacy.complete('a');
      return waitFor(async () => (await stand.status('a')) === 'cancelled', { timeoutMs: 1000 });
    });
    expect(await stand.standing('a')).toEqual(PLACES.cancelled);
  });

  it('a job that legacy completed stays completed when Drover is asked to cancel it', async () => {
    const stand = open();
    await runningHere(stand);
    await stand.legacy.complete('a');
    await expect(stand.service.jobs.cancel('a')).rejects.toMatchObject({ state: 'completed' });
    expect(await stand.status('a')).toBe('completed');
    expect(await stand.standing('a')).toEqual(PLACES.completed);
  });

  it('a retry makes a cancelled job run again, and then it ends as it ends', async () => {
    const stand = open();
    await runningHere(stand);
    await stand.service.cancelJob('a');
    await stand.service.jobs.retry('a');
    expect(await stand.claim('again')).toBe('a');
    await stand.service.completeJob('a');
    expect(await stand.status('a')).toBe('completed');
    expect(await stand.standing('a')).toEqual(PLACES.completed);
  });
});

describe('cancel does not reach a running worker', () => {
  it.each([
    ['QueueService', (stand: Stand) => stand.service.cancelJob('a')],
    ['the job store', (stand: Stand) => stand.service.jobs.cancel('a')],
    ['another process', (stand: Stand) => stand.newService().updateJobStatus('a', 'cancelled')],
  ] as const)('a cancel by %s is told on the cancel channel, once, with the id', async (_, cancel) => {
    const stand = open();
    await runningHere(stand);
    const told = await stand.record('cancel');
    await cancel(stand);
    expect(await told.texts()).toEqual(['a']);
  });

  it.each(['before', 'after'])(
    'a cancel by legacy loses the worker its lease %s a pass has recorded it',
    async (when) => {
      const stand = open();
      await runningHere(stand);
      await stand.legacy.cancel('a');
      if (when === 'after') await stand.pass();
      expect(await stand.backend.extendLocks(['a'], ['token'], 1000)).toEqual(['a']);
      expect(await stand.standing('a')).toEqual(PLACES.cancelled);
      expect(await stand.status('a')).toBe('cancelled');
    },
  );

  it('a cancel by legacy aborts the handler of a BullMQ worker at its next renewal', async () => {
    const stand = open();
    let aborted = false;
    const { worker } = stand.newWorker(
      (_job, _token, signal) =>
        new Promise((_, reject) => {
          signal?.addEventListener('abort', () => {
            aborted = true;
            reject(new Error('aborted'));
          });
        }),
      { lockDuration: 400 },
    );
    worker.on('lockRenewalFailed', (ids) => ids.forEach((id) => worker.cancelJob(id)));
    await stand.service.addJob({ id: 'a' });
    await waitFor(async () => (await stand.status('a')) === 'running');
    await stand.legacy.cancel('a');
    await waitFor(() => aborted);
    await waitFor(async () => (await stand.standing('a')).includes('cancelled'));
    expect(await stand.status('a')).toBe('cancelled');
  });

  it('a cancel that reaches a job before it was claimed keeps it from running', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'a' });
    const cancelling = stand.legacy.cancelling('a');
    await advance(cancelling, 1);
    expect(await stand.claim()).toBeUndefined();
    expect(await stand.standing('a')).toEqual(PLACES.cancelled);
    await toEnd(cancelling);
    await stand.pass();
    expect(await stand.standing('a')).toEqual(PLACES.cancelled);
  });
});
