import { Batcher, REFUSED, type BatchRules } from '../src/backend/batcher.js';

type Answers = readonly (string | Error)[] | typeof REFUSED;

interface Call {
  operations: readonly string[];
  answer(answers: Answers): void;
  fail(error: Error): void;
}

/** A store that answers when the test says so. */
function heldBack(rules: Partial<BatchRules<string, string>> = {}) {
  const calls: Call[] = [];
  const send = (operations: readonly string[]) =>
    new Promise<Answers>((resolve, reject) => calls.push({ operations, answer: resolve, fail: reject }));
  const batcher = new Batcher<string, string>({
    send,
    maxOperations: 3,
    maxBytes: 100,
    bytesOf: (operation) => operation.length,
    ...rules,
  });
  return { calls, batcher };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const echo = (call: Call | undefined) => call?.answer(call.operations.map((operation) => `${operation}!`));

describe('Operations that wait in one turn of the event loop', () => {
  it('travel in one call, and each caller gets its own answer', async () => {
    const { batcher, calls } = heldBack();
    const answers = Promise.all([batcher.add('a'), batcher.add('b')]);
    await turn();
    expect(calls.map(({ operations }) => operations)).toEqual([['a', 'b']]);
    echo(calls[0]);
    await expect(answers).resolves.toEqual(['a!', 'b!']);
  });

  it('fill calls up to the limit, two in flight; the rest waits and keeps its order', async () => {
    const { batcher, calls } = heldBack();
    const answers = Promise.all([...'abcdefghi'].map((operation) => batcher.add(operation)));
    await turn();
    expect(calls.map(({ operations }) => operations.join(''))).toEqual(['abc', 'def']);
    echo(calls[0]);
    await turn();
    expect(calls[2]?.operations.join('')).toBe('ghi');
    echo(calls[1]);
    echo(calls[2]);
    await expect(answers).resolves.toEqual([...'abcdefghi'].map((operation) => `${operation}!`));
  });

  it('share a call only up to its bytes; a larger one travels alone', async () => {
    const { batcher, calls } = heldBack();
    const answers = ['x'.repeat(60), 'y'.repeat(60), 'z'.repeat(500)].map((operation) =>
      batcher.add(operation),
    );
    await turn();
    expect(calls.map(({ operations }) => operations.map((operation) => operation[0]).join(''))).toEqual([
      'x',
      'y',
    ]);
    calls.slice(0, 2).forEach(echo);
    await turn();
    expect(calls[2]?.operations[0]).toHaveLength(500);
    echo(calls[2]);
    await Promise.all(answers);
  });

  it('get an error that only one of them caused each for itself', async () => {
    const { batcher, calls } = heldBack();
    const [good, bad] = [batcher.add('good'), batcher.add('bad')];
    const refused = expect(bad).rejects.toThrow('no such job');
    await turn();
    calls[0]?.answer(['done', new Error('no such job')]);
    await expect(good).resolves.toBe('done');
    await refused;
  });

  it('all get the error of a call that failed as a whole, and later ones go on', async () => {
    const { batcher, calls } = heldBack();
    const both = Promise.allSettled([batcher.add('a'), batcher.add('b')]);
    await turn();
    calls[0]?.fail(new Error('Connection is closed.'));
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const later = batcher.add('c');
    await turn();
    echo(calls[1]);
    await expect(later).resolves.toBe('c!');
  });

  it('are sent again in order when calls are refused, after what they need was done once', async () => {
    const recovered: string[] = [];
    const recover = () => Promise.resolve(void recovered.push('recovered'));
    const { batcher, calls } = heldBack({ recover });
    const answers = Promise.all([...'abcdefg'].map((operation) => batcher.add(operation)));
    await turn();
    calls[0]?.answer(REFUSED);
    await turn();
    expect(calls).toHaveLength(2);
    calls[1]?.answer(REFUSED);
    await turn();
    expect(recovered).toEqual(['recovered']);
    expect(calls.slice(2).map(({ operations }) => operations.join(''))).toEqual(['abc', 'def']);
    calls.slice(2).forEach(echo);
    await turn();
    echo(calls[4]);
    await expect(answers).resolves.toEqual([...'abcdefg'].map((operation) => `${operation}!`));
  });

  it('that were refused fail when recovering fails', async () => {
    const { batcher, calls } = heldBack({ recover: () => Promise.reject(new Error('away')) });
    const answer = expect(batcher.add('a')).rejects.toThrow('away');
    await turn();
    calls[0]?.answer(REFUSED);
    await answer;
    await batcher.idle();
  });

  it('are all answered once the batcher is idle', async () => {
    const { batcher, calls } = heldBack();
    await batcher.idle();
    const seen: string[] = [];
    void batcher.add('a').then((answer) => seen.push(answer));
    const idle = batcher.idle().then(() => seen.push('idle'));
    await turn();
    expect(seen).toEqual([]);
    echo(calls[0]);
    await idle;
    expect(seen).toEqual(['a!', 'idle']);
  });
});
