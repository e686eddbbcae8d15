import { TYPE_DEFAULTS, type LiveType, type PublishedType } from '#libs/contracts';
import { liveTypes, TypeView } from './live-types.js';

const published = (version: string, description: string, payload: object = {}): PublishedType => ({
  type: 'mail.digest',
  name: 'Mail digest',
  description,
  version,
  queue: 'jobs',
  settings: TYPE_DEFAULTS,
  payload: { ...payload },
  examples: [],
  idempotent: true,
  requires: { environment: [], services: [] },
  dependsOn: [],
});

describe('types that several workers publish', () => {
  const publications = [
    { worker: 'w3', type: published('1.9.0', 'of w3') },
    { worker: 'w2', type: published('1.10.0', 'of w2') },
    { worker: 'w4', type: published('1.10.0', 'of w4', { type: 'object' }) },
    { worker: 'w1', type: published('1.10.0', 'of w1') },
  ];

  it('are what the newest version says, of equal ones always the same worker, with all versions', () => {
    const expected = expect.objectContaining({
      version: '1.10.0',
      description: 'of w1',
      workers: ['w1', 'w2', 'w3', 'w4'],
      versions: [
        { version: '1.10.0', payload: {}, workers: ['w1', 'w2'] },
        { version: '1.10.0', payload: { type: 'object' }, workers: ['w4'] },
        { version: '1.9.0', payload: {}, workers: ['w3'] },
      ],
    });
    expect(liveTypes(publications)).toEqual([expected]);
    expect(liveTypes([...publications].reverse())).toEqual([expected]);
  });
});

describe('a view of the types', () => {
  const all = liveTypes([{ worker: 'w1', type: published('1.0.0', 'x') }]);

  it('reads them once a second, however often it is asked', async () => {
    let reads = 0;
    const view = new TypeView({ list: async () => (reads++, all) });
    const clock = jest.spyOn(performance, 'now').mockReturnValue(5000);
    for (let nth = 0; nth < 10; nth++) {
      expect(await view.names()).toEqual(['mail.digest']);
      expect((await view.find('mail.digest'))?.version).toBe('1.0.0');
    }
    expect(reads).toBe(1);
    clock.mockReturnValue(6001);
    await view.names();
    expect(reads).toBe(2);
    clock.mockRestore();
  });

  it('does not keep that they could not be read', async () => {
    const answers: (() => Promise<LiveType[]>)[] = [() => Promise.reject(new Error('away')), async () => all];
    const view = new TypeView({ list: () => answers.shift()!() });
    await expect(view.names()).rejects.toThrow('away');
    expect(await view.names()).toEqual(['mail.digest']);
  });
});
