import { QueueRoutes, type LiveType } from '#libs/contracts';
import { TypeQueues } from './type-queues.js';

type Published = Pick<LiveType, 'type' | 'queue' | 'hasOwnQueue'>;

/** What live workers publish, by queue. */
function setUp(published: Record<string, Published[]>, routes: Record<string, string> = {}) {
  const asked: string[] = [];
  const types = new TypeQueues({
    own: 'jobs',
    others: ['mail'],
    routes: new QueueRoutes(Object.entries(routes).map(([type, queue]) => ({ types: type, queue }))),
    list: async (queue) => {
      asked.push(queue);
      return (published[queue] ?? []) as LiveType[];
    },
  });
  return { types, asked };
}

const digest = { type: 'digest', queue: 'mail', hasOwnQueue: true };
const plain = { type: 'plain', queue: 'mail' };

describe('the queue of a type', () => {
  it('is that of its route, whatever its handlers say', async () => {
    const { types, asked } = setUp({ jobs: [digest] }, { digest: 'go' });
    types.follow(() => ({ queue: 'reports' }));
    expect(await types.queueOf('digest')).toBe('go');
    expect(types.homeOf('digest')).toBe('go');
    expect(asked).toEqual([]);
  });

  it('is that of its handler here, before that of others', async () => {
    const { types } = setUp({ jobs: [digest] });
    types.follow((type) => (type === 'digest' ? { queue: 'reports' } : undefined));
    expect(await types.queueOf('digest')).toBe('reports');
  });

  it('is what a live worker of any queue that is known says of it', async () => {
    expect(await setUp({ jobs: [digest] }).types.queueOf('digest')).toBe('mail');
    expect(await setUp({ mail: [digest] }).types.queueOf('digest')).toBe('mail');
  });

  it('is not that of a worker which happens to have its handler', async () => {
    expect(await setUp({ mail: [plain] }).types.queueOf('plain')).toBe('jobs');
  });
});

describe('a type', () => {
  it('counts as run where workers of the queue that its jobs go to have it', async () => {
    expect(await setUp({ mail: [digest] }).types.isRun('digest')).toBe(true);
    expect(await setUp({ jobs: [digest] }).types.isRun('digest')).toBe(false);
    expect(await setUp({ mail: [plain] }).types.isRun('plain')).toBe(false);
    expect(await setUp({ jobs: [plain] }).types.isRun('plain')).toBe(true);
  });

  it('that is routed away counts as run by Go, unless it is one of TypeScript', async () => {
    expect(await setUp({}, { encode: 'go' }).types.isRun('encode')).toBe(true);
    expect(await setUp({}, { encode: 'jobs' }).types.isRun('encode')).toBe(false);
    expect(await setUp({ jobs: [plain] }, { plain: 'mail' }).types.isRun('plain')).toBe(false);
    const { types } = setUp({}, { encode: 'go' });
    types.follow(() => ({ queue: undefined }));
    expect(await types.isRun('encode')).toBe(false);
  });

  it('that is routed away is misplaced here, unless a live worker has it all the same', async () => {
    expect(await setUp({}, { encode: 'go' }).types.misplaced('encode')).toBe('go');
    expect(await setUp({ jobs: [plain] }, { plain: 'go' }).types.misplaced('plain')).toBeUndefined();
    expect(await setUp({}, { encode: 'jobs' }).types.misplaced('encode')).toBeUndefined();
    expect(await setUp({}).types.misplaced('encode')).toBeUndefined();
  });
});

it('an answer of Redis holds for a while, an error does not', async () => {
  let fails = true;
  let asked = 0;
  const list = async () => {
    asked += 1;
    if (fails) throw new Error('away');
    return [plain] as LiveType[];
  };
  const types = new TypeQueues({ own: 'jobs', routes: new QueueRoutes(), list });
  await expect(types.published('jobs', 'plain')).rejects.toThrow('away');
  fails = false;
  expect(await types.published('jobs', 'plain')).toEqual(plain);
  await types.published('jobs', 'plain');
  expect(asked).toBe(2);
});
