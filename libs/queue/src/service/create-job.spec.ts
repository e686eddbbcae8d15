import { JobEncoder, jobArguments } from '../backend/job-arguments.js';
import { resolveStoreOptions } from '../backend/store-options.js';
import { idOfKey, toNewJob } from './create-job.js';

it('jobs that differ in payload alone travel as one kind, whoever created them and however they are tagged', () => {
  const encoder = new JobEncoder(resolveStoreOptions());
  const jobs = Array.from({ length: 50 }, (_, n) =>
    encoder.encode(toNewJob({ type: 't', payload: { n }, creator: 'ada', tags: ['x', 'y'] }, 1000)),
  );
  expect(jobArguments(jobs)[0]).toBe(1);
  const other = encoder.encode(toNewJob({ type: 't', creator: 'bob' }, 1000));
  expect(jobArguments([...jobs, other])[0]).toBe(2);
});

it('an idempotency key stands for another job of another caller, or another type', () => {
  const ids = [
    idOfKey('k', 't', 'ada'),
    idOfKey('k', 't', 'bob'),
    idOfKey('k', 'u', 'ada'),
    idOfKey('l', 't', 'ada'),
    idOfKey('k', 't', undefined),
  ];
  expect(new Set(ids).size).toBe(5);
  expect(idOfKey('k', 't', 'ada')).toBe(ids[0]);
});
