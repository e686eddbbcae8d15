import {
  createdFlowSchema,
  flowChildPageSchema,
  flowNodeSchema,
  TYPE_DEFAULTS,
  type FlowNode,
} from '#libs/contracts';
import { QueueService } from '#libs/queue';
import { waitFor } from '../support/wait.js';
import { expectProblem, TestApi } from './api-client.js';

const FLOWS = '/api/flows';

let api: TestApi;
let queue: QueueService;

beforeAll(async () => {
  api = await TestApi.start({ settings: { MORE_QUEUES: 'mail' } });
  queue = api.app.get(QueueService);
});
afterEach(async () => {
  for (const name of ['jobs', 'mail']) {
    const backend = queue.backend.forQueue(name);
    await backend.pause(true);
    while ((await backend.obliterate({ force: true, count: 500 })) !== 0);
  }
});
afterAll(() => api.close());

const create = async (body: object): Promise<{ id: string; queue: string; jobs: number }> => {
  const answer = await api.post(FLOWS, body);
  expect(answer).toMatchObject({ status: 201 });
  expect(createdFlowSchema.parse(answer.body)).toEqual(answer.body);
  return answer.body;
};
const show = async (id: string, query = ''): Promise<FlowNode> => {
  const { status, body } = await api.get(`${FLOWS}/${id}${query}`);
  expect(status).toBe(200);
  expect(flowNodeSchema.parse(body)).toEqual(body);
  return body as FlowNode;
};
const total = async () => (await api.get('/api/jobs/stats')).body.total as number;

/** Runs the next job of a queue, and ends it so. */
async function end(how: 'completed' | 'failed', name = 'jobs'): Promise<string> {
  const backend = queue.backend.forQueue(name);
  const [job, id] = await backend.running.claim('token');
  const claimed = { id, name: job?.name, opts: job?.opts ?? {}, attemptsMade: 9 } as never;
  if (how === 'completed') await backend.moveToCompleted(claimed, '"done"', false, 'token', false);
  else await backend.moveToFailed(claimed, 'out of paper', false, 'token', false, { stacktrace: '[]' });
  return id;
}

const chain = (levels: number): object =>
  levels === 1 ? { type: 't' } : { type: 't', children: [chain(levels - 1)] };

describe('POST /api/flows', () => {
  it('adds a tree of jobs of several queues, which run from its leaves to its root', async () => {
    const flow = await create({
      type: 'order.close',
      payload: { order: 7 },
      children: [
        { type: 'order.pack', priority: 'high', attempts: 5, timeout: 1000 },
        {
          type: 'mail.send',
          queue: 'mail',
          payload: 'x',
          delay: 1,
          children: [{ type: 'mail.draft', queue: 'mail' }],
        },
      ],
    });
    expect(flow).toMatchObject({ queue: 'jobs', jobs: 4 });
    const tree = await show(flow.id);
    expect(tree).toMatchObject({
      id: flow.id,
      kept: true,
      type: 'order.close',
      status: 'pending',
      state: 'waiting-children',
      childCounts: { pending: 2, completed: 0, ignored: 0, failed: 0 },
      children: [
        { type: 'order.pack', queue: 'jobs', state: 'prioritized', parent: { id: flow.id, queue: 'jobs' } },
        { type: 'mail.send', queue: 'mail', state: 'waiting-children', children: [{ type: 'mail.draft' }] },
      ],
    });
    const [pack, send] = tree.children!;
    expect((await api.get(`/api/jobs/${pack!.id}`)).body).toMatchObject({
      priorityName: 'high',
      attempts: { max: 5 },
      timeout: 1000,
    });
    const stored = await queue.backend.reading.find(pack!.id);
    expect(JSON.parse(stored!.fields['opts']!)).toMatchObject({
      creator: 'admin',
      failParentOnFailure: true,
    });

    await end('completed');
    await end('completed', 'mail');
    await waitFor(async () => (await show(send!.id, '?queue=mail')).state !== 'waiting-children');
    await waitFor(async () => (await queue.backend.forQueue('mail').running.claim('late'))[1] === send!.id);
    const sent = { id: send!.id, name: 'mail.send', opts: {}, attemptsMade: 0 } as never;
    await queue.backend.forQueue('mail').moveToCompleted(sent, 'null', false, 'late', false);
    expect(await show(flow.id)).toMatchObject({
      state: 'prioritized',
      childCounts: { pending: 0, completed: 2 },
    });
    expect(await end('completed')).toBe(flow.id);
    expect(await show(flow.id)).toMatchObject({ status: 'completed' });
  });

  it.each([
    ['fail', { status: 'failed' }, { failed: 1 }],
    ['continue', { state: 'prioritized' }, {}],
    ['ignore', { state: 'waiting-children' }, { ignored: 1, pending: 1 }],
    ['remove', { state: 'waiting-children' }, { pending: 1, ignored: 0 }],
    ['wait', { state: 'waiting-children' }, { pending: 2 }],
  ])("%s says what a child's failure does to its parent", async (onFailure, parent, counts) => {
    const children = [
      { type: 'bad', onFailure, attempts: 1 },
      { type: 'good', delay: 60_000 },
    ];
    const { id } = await create({ type: 'root', children });
    expect(await end('failed')).toBe(`${id}.0001`);
    // A parent that is to fail is failed by the worker that claims it.
    if (onFailure === 'fail') {
      const [claimed] = await queue.backend.running.claim('token');
      expect(claimed).toMatchObject({ id, deferredFailure: expect.stringContaining('failed') });
    } else expect(await show(id)).toMatchObject({ ...parent, childCounts: counts });
  });

  it.each<[string, object, string]>([
    ['no type', { payload: 1 }, 'type'],
    ['a child without a type', { type: 't', children: [{ type: 't' }, { payload: 1 }] }, 'children.1.type'],
    ['an unknown field of a child', { type: 't', children: [{ type: 't', id: 'x' }] }, 'children.0.id'],
    ['children that are none', { type: 't', children: 'x' }, 'children'],
    ['a child that is none', { type: 't', children: [null] }, 'children.0'],
    [
      'an unknown queue of a child',
      { type: 't', children: [{ type: 't', queue: 'none' }] },
      'children.0.queue',
    ],
    ['an unknown word for a failure', { type: 't', onFailure: 'explode' }, 'onFailure'],
    [
      'too long a delay',
      { type: 't', children: [{ type: 't', delay: 31 * 86_400_000 }] },
      'children.0.delay',
    ],
    ['21 levels', chain(21), 'children'],
    ['1,001 jobs', { type: 't', children: Array.from({ length: 1000 }, () => ({ type: 't' })) }, 'children'],
  ])('refuses %s, and adds nothing', async (_, body, path) => {
    const answer = await api.post(FLOWS, body);
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path);
    expect(await total()).toBe(0);
  });

  it.each([
    [
      'children',
      (depth: number) => `${'{"type":"t","children":['.repeat(depth)}{"type":"t"}${']}'.repeat(depth)}`,
    ],
    ['a payload', (depth: number) => `{"type":"t","payload":${'['.repeat(depth)}${']'.repeat(depth)}}`],
  ])('refuses %s nested ten thousand times', async (_, body) => {
    expectProblem(await api.postRaw(FLOWS, body(10_000)), 400, 'INVALID_REQUEST');
  });

  it.each(['null', '[]', '"flow"', '7'])('refuses the body %s', async (body) => {
    expectProblem(await api.postRaw(FLOWS, body), 400, 'INVALID_REQUEST');
  });

  it('refuses payloads that do not fit their types, and names each', async () => {
    await queue.types.publish('w1', [
      {
        type: 'strict',
        name: 'Strict',
        version: '1.0.0',
        queue: 'jobs',
        settings: TYPE_DEFAULTS,
        payload: { type: 'object', required: ['to'] },
        examples: [],
        idempotent: true,
        requires: { environment: [], services: [] },
        dependsOn: [],
      },
    ]);
    const body = { type: 't', children: [{ type: 'strict', payload: { to: 1 } }, { type: 'strict' }] };
    const refused = await waitFor(async () => {
      const answer = await api.post(FLOWS, body);
      return answer.status === 201 ? undefined : answer;
    });
    expect(refused.body.errors).toEqual([{ path: 'children.1.payload.to', message: 'is missing' }]);
    await queue.types.withdraw('w1');
  });

  it('refuses a payload that is too large', async () => {
    const body = { type: 't', children: [{ type: 't', payload: 'x'.repeat(262_144) }] };
    expectProblem(await api.post(FLOWS, body), 413, 'PAYLOAD_TOO_LARGE');
    expect(await total()).toBe(0);
  });

  it('adds 1,000 jobs of 20 levels', async () => {
    const wide = Array.from({ length: 980 }, () => ({ type: 't' }));
    const { id, jobs } = await create({ type: 't', children: [chain(19), ...wide] });
    expect(jobs).toBe(1000);
    expect(await total()).toBe(1000);
    const deep = await show(id, '?depth=20&width=100');
    let levels = 1;
    for (let node: FlowNode | undefined = deep; node?.children?.[0]; node = node.children[0]) levels++;
    expect(levels).toBe(20);
    expect(deep.children).toHaveLength(100);
    expect(deep.moreChildren).toBeDefined();
  });
});

describe('An Idempotency-Key', () => {
  const send = (body: object, key: string) =>
    api.send(FLOWS, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
      body: JSON.stringify(body),
    });
  const body = { type: 't', children: [{ type: 't' }, { type: 't' }] };

  it('adds a flow once', async () => {
    const first = await send(body, 'order-7');
    expect(first.status).toBe(201);
    expect(await send(body, 'order-7')).toMatchObject({ status: 200, body: first.body });
    const both = await Promise.all([send(body, 'order-8'), send(body, 'order-8')]);
    expect(both[0]!.body).toEqual(both[1]!.body);
    expect(await total()).toBe(6);
    expect((await show(both[0]!.body.id)).childCounts).toMatchObject({ pending: 2 });
  });

  it('adds one of several flows that come at once, and nothing of the others', async () => {
    for (const [round, key] of ['order-10', 'order-11', 'order-12'].entries()) {
      const bodies = [body, body, { ...body, payload: 1 }, { type: 't', children: [{ type: 'u' }] }, body];
      const answers = await Promise.all(bodies.map((one) => send(one, key)));
      const won = answers.findIndex(({ status }) => status === 201);
      expect(answers.map(({ status }) => status)).toEqual(
        bodies.map((one, at) => (at === won ? 201 : one === bodies[won] ? 200 : 422)),
      );
      const same = answers.filter((_, at) => bodies[at] === bodies[won]);
      for (const { body: flow } of same) expect(flow).toEqual(answers[won]!.body);
      const tree = await show(answers[won]!.body.id);
      expect(tree.children).toHaveLength(answers[won]!.body.jobs - 1);
      if (round === 0) expect(await total()).toBe(answers[won]!.body.jobs);
    }
  });

  it('does not take up what is left of a flow whose root is gone', async () => {
    const first = await send(body, 'order-13');
    const [child] = (await show(first.body.id)).children ?? [];
    await end('completed');
    await end('completed');
    await end('completed');
    const backend = queue.backend.forQueue('jobs');
    await backend.remove(first.body.id, false);
    const again = await send(body, 'order-13');
    expect(again).toMatchObject({ status: 201 });
    const tree = await show(again.body.id);
    expect(tree.childCounts).toMatchObject({ pending: 2 });
    expect(tree.children?.map(({ id }) => id)).not.toContain(child?.id);
  });

  it('is refused for another flow, or when it is none', async () => {
    await send(body, 'order-9');
    expectProblem(await send({ ...body, payload: 1 }, 'order-9'), 422, 'IDEMPOTENCY_KEY_REUSED');
    expectProblem(await send(body, 'a b'), 400, 'INVALID_REQUEST');
    expect(await total()).toBe(3);
  });
});

describe('GET /api/flows/:id', () => {
  it('shows as many levels and children as asked for, and where the others are', async () => {
    const children = Array.from({ length: 5 }, (_, at) => ({ type: `t${at}`, children: [{ type: 'leaf' }] }));
    const { id } = await create({ type: 'root', children });
    const flat = await show(id, '?depth=0');
    expect(flat.children).toBeUndefined();
    expect(flat).toMatchObject({ childCounts: { pending: 5 }, moreChildren: expect.any(String) });
    const narrow = await show(id, '?depth=1&width=2');
    expect(narrow.children!.map(({ type }) => type)).toEqual(['t0', 't1']);
    expect(narrow.children![0]).toMatchObject({
      childCounts: { pending: 1 },
      moreChildren: expect.any(String),
    });
    const types: (string | undefined)[] = narrow.children!.map(({ type }) => type);
    for (let cursor = narrow.moreChildren; cursor !== undefined;) {
      const { body } = await api.get(`${FLOWS}/${id}/children?limit=2&cursor=${cursor}`);
      expect(flowChildPageSchema.parse(body)).toEqual(body);
      types.push(...body.items.map(({ type }: FlowNode) => type));
      cursor = body.nextCursor;
    }
    expect(types).toEqual(['t0', 't1', 't2', 't3', 't4']);
  });

  it('misses and doubles no child that ends between two pages', async () => {
    const { id } = await create({ type: 'root', children: Array.from({ length: 6 }, () => ({ type: 't' })) });
    const { body: first } = await api.get(`${FLOWS}/${id}/children?limit=3`);
    for (let nth = 0; nth < 4; nth++) await end('completed');
    const { body: second } = await api.get(`${FLOWS}/${id}/children?limit=3&cursor=${first.nextCursor}`);
    const ids = [...first.items, ...second.items].map((node: FlowNode) => node.id);
    expect(ids).toEqual([1, 2, 3, 4, 5, 6].map((nth) => `${id}.000${nth}`));
    expect(second.nextCursor).toBeUndefined();
  });

  it('knows of children that are gone what became of them', async () => {
    const { id } = await create({ type: 'root', children: [{ type: 't' }, { type: 't' }] });
    const child = await end('completed');
    await queue.jobs.remove(child);
    expect((await show(id)).children).toMatchObject([
      { id: child, kept: false, status: 'completed' },
      { kept: true, status: 'pending' },
    ]);
  });

  it('shows a single job as a tree of one', async () => {
    const { id } = await api.create();
    const tree = await show(id);
    expect(tree.childCounts).toBeUndefined();
    expect(tree.children).toBeUndefined();
  });

  it.each([
    ['none', 404, 'JOB_NOT_FOUND'],
    ['none/children', 404, 'JOB_NOT_FOUND'],
    ['none?queue=no', 404, 'QUEUE_NOT_FOUND'],
    ['x?depth=21', 400, 'INVALID_REQUEST'],
    ['x?width=0', 400, 'INVALID_REQUEST'],
    ['x?width=101', 400, 'INVALID_REQUEST'],
    ['x/children?cursor=W10', 400, 'INVALID_REQUEST'],
    ['%00', 400, 'INVALID_REQUEST'],
    ['%ff', 400, 'INVALID_URL'],
  ])('answers to %s with %d %s', async (path, status, code) => {
    expectProblem(await api.get(`${FLOWS}/${path}`), status, code);
  });
});

it('all of it is documented, the tree too', async () => {
  const { body: document } = await api.get('/api/docs-json');
  const { post } = document.paths[FLOWS];
  expect(post.operationId).toBe('createFlow');
  expect(JSON.stringify(post.requestBody)).toMatch(/FlowNodeInput|children/);
  expect(JSON.stringify(document.components.schemas)).toContain('moreChildren');
  expect(document.paths[`${FLOWS}/{id}`].get.operationId).toBe('getFlow');
  expect(document.paths[`${FLOWS}/{id}/children`].get.operationId).toBe('listFlowChildren');
});
