const COLUMNS = [
  { key: 'bytes', title: 'bytes a job', better: 'less' },
  { key: 'withEvents', title: 'with the stream of events', better: 'less' },
];

/** Memory that pending jobs take in Redis; nobody is connected while it is measured. */
async function measure(run, count, options) {
  const before = await run.store.memory();
  const filler = await run.fill(count, options);
  await filler.close();
  await run.store.command('SCRIPT', 'FLUSH', 'SYNC'); // the reset before did so, too
  const withEvents = (await run.store.memory()) - before;
  for (const key of await run.store.keysOfType('stream')) await run.store.command('DEL', key);
  const bytes = (await run.store.memory()) - before;
  return { bytes: bytes / count, withEvents: withEvents / count };
}

const memoryCase = (name, title, options, smoke) => ({
  smoke,
  name: `memory-${name}`,
  title: `Memory of a pending job: ${title}`,
  columns: COLUMNS,
  jobs: 20_000,
  rounds: 1,
  peers: ({ store }) => store === 'redis',
  target: { atMost: 0.9 },
  measure: (run, count) => measure(run, count, options),
});

const TYPICAL = { jobOptions: 'typical' };

export const MEMORY = [
  memoryCase('tiny', 'a payload of one number', {}),
  memoryCase('tiny-retries', 'a payload of one number, 3 attempts with backoff', TYPICAL),
  memoryCase('200', 'a payload of 200 bytes', { payload: 200 }),
  memoryCase(
    '200-retries',
    'a payload of 200 bytes, 3 attempts with backoff',
    { payload: 200, ...TYPICAL },
    'ours',
  ),
  memoryCase('2000', 'a payload of 2,000 bytes', { payload: 2000 }),
  memoryCase('2000-retries', 'a payload of 2,000 bytes, 3 attempts with backoff', {
    payload: 2000,
    ...TYPICAL,
  }),
];
