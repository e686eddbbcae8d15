// What a worker makes of what handlers throw: when jobs are tried again, and what is kept of their errors.
import { Injectable, Module } from '@nestjs/common';
import { JobHandler, RetryLaterError, type DeadLetter, type JobContext } from '#libs/jobs';
import { waitFor } from '../../../tests/support/wait.js';
import { WorkerStand } from './worker.testkit.js';

const MINUTE = 60_000;

@JobHandler({ type: 'test.later', backoff: { base: '1m', max: '30m', jitter: 0 } })
class Later {
  run({ after }: { after: number | string }, { job }: JobContext) {
    if (job.attempt > 1) return 'second time';
    throw new RetryLaterError('come back', { after });
  }
}

@JobHandler({ type: 'test.only-once', attempts: 1 })
class OnlyOnce {
  run() {
    throw new RetryLaterError('come back', { after: 1 });
  }
}

class NoPaperError extends Error {
  override readonly name = 'NoPaperError';
  readonly code = 'NO_PAPER';
  readonly password = 'hunter2-of-the-error';

  constructor() {
    super('no paper', { cause: new Error('hunter2-of-the-cause') });
  }
}

class Hostile extends Error {
  override get message(): string {
    throw new Error('do not look');
  }
  override get stack(): string {
    throw new Error('do not look');
  }
  override get name(): string {
    throw new Error('do not look');
  }
  get code(): string {
    throw new Error('do not look');
  }
}

function ring(): Error {
  const error = new Error('ring');
  error.cause = new Error('inner', { cause: error });
  return error;
}

const unreadable = new Proxy(new Error('x'), {
  getPrototypeOf: () => {
    throw new Error('do not look');
  },
  get: () => {
    throw new Error('do not look');
  },
});

const named = (name: string, message = 'mine') => Object.assign(new Error(message), { name });
const withStack = (stack: unknown) => Object.defineProperty(new Error('deep'), 'stack', { value: stack });

/** What handlers throw, by name. */
const THROWN: Record<string, unknown> = {
  secrets: new NoPaperError(),
  ring: ring(),
  text: 'just text',
  nothing: undefined,
  symbol: Symbol('sign'),
  object: { password: 'hunter2-of-the-object' },
  bare: Object.create(null),
  'error of another realm': {
    name: 'TypeError',
    message: 'from a vm',
    stack: 'TypeError: from a vm\n    at vm',
  },
  hostile: new Hostile(),
  unreadable,
  'message that is no text': Object.assign(new Error(), { message: { password: 'hunter2' } }),
  'empty message': new RangeError(''),
  'huge message': new Error('x'.repeat(5_000_000)),
  'huge stack': withStack(`Error: deep${'\n    at somewhere'.repeat(500_000)}`),
  'stack that is no text': withStack({ password: 'hunter2' }),
  'name of BullMQ': named('DelayedError'),
  'word of BullMQ': new Error('bullmq:rateLimitExceeded'),
  'code that is no word': Object.assign(new Error('odd'), { code: { password: 'hunter2' } }),
};

@Injectable()
class Letters {
  readonly all: DeadLetter[] = [];
}

@JobHandler({ type: 'test.throw', attempts: 2, backoff: { base: 0 } })
class Throw {
  constructor(private readonly letters: Letters) {}

  run({ what }: { what: string }) {
    throw THROWN[what];
  }

  onDeadLetter(letter: DeadLetter) {
    this.letters.all.push(letter);
  }
}

@Module({ providers: [Letters, Later, OnlyOnce, Throw] })
class FailingPlugin {}

describe('a job whose handler says when to try again', () => {
  const stand = new WorkerStand();
  beforeAll(() => stand.start([FailingPlugin]));
  afterAll(() => stand.close());

  it.each([
    ['earlier than the backoff', '20s', 20_000],
    ['later than it', '10m', 10 * MINUTE],
    ['no later than the longest wait of its type', '2h', 30 * MINUTE],
  ])('is tried %s, and uses an attempt', async (_, after, expected) => {
    const before = Date.now();
    const id = await stand.add('test.later', { after });
    const job = await stand.until(id, ({ state }) => state === 'delayed');
    const due = new Date(job.delayedUntil ?? 0).getTime();
    expect(due).toBeGreaterThanOrEqual(before + expected);
    expect(due).toBeLessThanOrEqual(Date.now() + expected);
    expect(job).toMatchObject({ attempts: { made: 1 }, error: 'come back' });
    await stand.queue.jobs.promote(id);
    expect(await stand.ended(id)).toMatchObject({ status: 'completed', result: 'second time' });
  });

  it('is tried then also where the job has a backoff of its own', async () => {
    const id = await stand.add('test.later', { after: '10m' }, { backoff: 1 });
    const { delayedUntil } = await stand.until(id, ({ state }) => state === 'delayed');
    expect(new Date(delayedUntil ?? 0).getTime()).toBeGreaterThan(Date.now() + 9 * MINUTE);
  });

  it('has failed for good without attempts left', async () => {
    const id = await stand.add('test.only-once');
    expect(await stand.ended(id)).toMatchObject({
      status: 'failed',
      error: 'come back',
      errorCode: 'RETRY_LATER',
    });
  });
});

/** All that Redis holds of the stand's queue, as text. */
async function everythingIn({ redis, prefix }: WorkerStand): Promise<string> {
  const keys = await redis.keys(`${prefix}:*`);
  expect(keys.length).toBeGreaterThan(0);
  const dumps = await Promise.all(keys.map((key) => read(redis, key)));
  return JSON.stringify(dumps);
}

async function read(redis: WorkerStand['redis'], key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'stream':
      return redis.xrange(key, '-', '+');
    case 'zset':
      return redis.zrange(key, 0, -1);
    default:
      return redis.smembers(key);
  }
}

describe('of what a handler throws', () => {
  const stand = new WorkerStand();
  let letters: Letters;
  beforeAll(async () => {
    letters = (await stand.start([FailingPlugin])).get(Letters, { strict: false });
  });
  afterAll(() => stand.close());

  it.each([
    ['secrets', 'no paper', 'NO_PAPER', 'NoPaperError'],
    ['ring', 'ring', 'ERROR', 'Error'],
    ['text', 'handler threw just text', 'ERROR', 'Error'],
    ['nothing', 'handler threw undefined', 'ERROR', 'Error'],
    ['symbol', 'handler threw Symbol(sign)', 'ERROR', 'Error'],
    ['object', 'handler threw an object without a message', 'ERROR', 'Error'],
    ['bare', 'handler threw an object without a message', 'ERROR', 'Error'],
    ['error of another realm', 'from a vm', 'ERROR', 'TypeError'],
    ['hostile', 'an error without a message', 'ERROR', 'Error'],
    ['unreadable', 'handler threw an object without a message', 'ERROR', 'Error'],
    ['message that is no text', 'Error', 'ERROR', 'Error'],
    ['empty message', 'RangeError', 'ERROR', 'RangeError'],
    ['huge message', `${'x'.repeat(4096)}… (5000000 characters)`, 'ERROR', 'Error'],
    ['huge stack', 'deep', 'ERROR', 'Error'],
    ['stack that is no text', 'deep', 'ERROR', 'Error'],
    ['name of BullMQ', 'DelayedError: mine', 'ERROR', 'Error'],
    ['word of BullMQ', 'bullmq:rateLimitExceeded ', 'ERROR', 'Error'],
    ['code that is no word', 'odd', 'ERROR', 'Error'],
  ])('%s: message, code, name and a bounded stack are kept', async (what, message, code, name) => {
    const id = await stand.add('test.throw', { what });
    const job = await stand.ended(id);
    expect(job).toMatchObject({ status: 'failed', error: message, errorCode: code, attempts: { made: 2 } });
    const stacks = job.stacktrace ?? [];
    expect(stacks).toHaveLength(2);
    for (const stack of stacks) {
      expect(stack.startsWith(`${name}: ${message}`)).toBe(true);
      expect(stack.length).toBeLessThan(message.length + 8300);
    }
    expect(await everythingIn(stand)).not.toContain('hunter2');
    const { error } = (await waitFor(() =>
      letters.all.find(({ job: { id: of } }) => of === id),
    )) as DeadLetter;
    expect({ ...error, message: error.message, name: error.name }).toEqual({ message, name, code });
  });
});
