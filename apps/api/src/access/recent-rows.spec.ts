import { RecentRows } from './recent-rows.js';

const OPTIONS = { maxAgeMs: 60_000, maxStaleMs: 60_000, deadlineMs: 1000, most: 3 };

describe('RecentRows', () => {
  it('reads a row once for all who ask at the same time and shortly after', async () => {
    let reads = 0;
    const rows = new RecentRows(async (id) => ({ id, reads: ++reads }), OPTIONS);
    expect(await Promise.all([rows.find('a'), rows.find('a')])).toEqual([
      { id: 'a', reads: 1 },
      { id: 'a', reads: 1 },
    ]);
    expect(await rows.find('a')).toEqual({ id: 'a', reads: 1 });
    expect(await rows.find('b')).toEqual({ id: 'b', reads: 2 });
  });

  it('reads anew what was forgotten, also when an older answer is still on its way', async () => {
    const answers: ((row: object) => void)[] = [];
    const rows = new RecentRows(() => new Promise<object>((resolve) => answers.push(resolve)), OPTIONS);
    const before = rows.find('a');
    rows.forget('a');
    const after = rows.find('a');
    answers[1]!({ state: 'revoked' });
    answers[0]!({ state: 'active' });
    expect([await before, await after]).toEqual([{ state: 'active' }, { state: 'revoked' }]);
    expect(await rows.find('a')).toEqual({ state: 'revoked' });
  });

  it('gives what it found before while the database is away, but nothing it has never found', async () => {
    let isAway = false;
    const load = async (id: string) => {
      if (isAway) throw new Error('away');
      return id === 'a' ? { id } : undefined;
    };
    const rows = new RecentRows(load, { ...OPTIONS, maxAgeMs: 0 });
    await rows.find('a');
    await rows.find('b');
    isAway = true;
    expect(await rows.find('a')).toEqual({ id: 'a' });
    await expect(rows.find('b')).rejects.toThrow('away');
    await expect(rows.find('c')).rejects.toThrow('away');
    rows.forget('a');
    await expect(rows.find('a')).rejects.toThrow('away');
  });

  it('does not wait for ever', async () => {
    const rows = new RecentRows(() => new Promise<object>(() => undefined), { ...OPTIONS, deadlineMs: 5 });
    await expect(rows.find('a')).rejects.toThrow('no answer within 5 ms');
  });

  it('remembers only so many', async () => {
    const read: string[] = [];
    const rows = new RecentRows(async (id) => ({ n: read.push(id) }), OPTIONS);
    for (const id of ['a', 'b', 'c', 'd', 'd', 'b', 'a']) await rows.find(id);
    expect(read).toEqual(['a', 'b', 'c', 'd', 'a']);
  });
});
