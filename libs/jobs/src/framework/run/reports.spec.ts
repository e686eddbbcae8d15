import { waitFor } from '../../../../../tests/support/wait.js';
import type { Progress } from '../handler/context.js';
import { Reports } from './reports.js';

/** A sink whose answers come when they are released. */
function setUp() {
  const sent: { logs: string[]; progress: Progress[] } = { logs: [], progress: [] };
  const warnings: string[] = [];
  let held: (() => void)[] = [];
  let isHeld = true;
  const answer = () => (isHeld ? new Promise<void>((resolve) => held.push(resolve)) : Promise.resolve());
  const sink = {
    log: (text: string) => (sent.logs.push(text), answer()),
    progress: (value: Progress) => (sent.progress.push(value), answer()),
  };
  const release = () => {
    isHeld = false;
    for (const go of held) go();
    held = [];
  };
  return {
    reports: new Reports('7', sink, 50, (text) => warnings.push(text)),
    sent,
    sink,
    release,
    warnings,
  };
}

const FLOOD = Array.from({ length: 100_000 }, (_, at) => at);

it('a flood of lines that nobody takes keeps the newest, in order', async () => {
  const { reports, sent, release } = setUp();
  for (const at of FLOOD) void reports.log(`line ${at}`);
  const first = sent.logs.length;
  expect(first).toBeLessThan(100);
  release();
  await reports.flush();
  expect(sent.logs).toHaveLength(first + 1000);
  expect(sent.logs.slice(first)).toEqual(FLOOD.slice(-1000).map((at) => `line ${at}`));
});

it('a line that gave way to newer ones is not waited for', async () => {
  const { reports } = setUp();
  const lines = FLOOD.slice(0, 2000).map((at) => reports.log(`line ${at}`));
  await lines[500];
});

it('a flood of progress sends the first value and the newest', async () => {
  const { reports, sent, release } = setUp();
  for (const at of FLOOD) void reports.progress({ at });
  expect(sent.progress).toEqual([{ at: 0 }]);
  release();
  await reports.flush();
  expect(sent.progress).toEqual([{ at: 0 }, { at: 99_999 }]);
});

it('progress that had to wait is sent by itself, while the run goes on', async () => {
  const { reports, sent, release } = setUp();
  release();
  await reports.progress(1);
  await reports.progress(2);
  expect(sent.progress).toEqual([1]);
  await waitFor(() => sent.progress.at(-1) === 2);
});

it('progress is sent one at a time: what comes meanwhile follows when that is kept', async () => {
  const { reports, sent, release } = setUp();
  void reports.progress(1);
  await reports.progress(2);
  await reports.progress(3);
  expect(sent.progress).toEqual([1]);
  release();
  await waitFor(() => sent.progress.length === 2);
  expect(sent.progress).toEqual([1, 3]);
});

it('a handler that does nothing but report progress lets others have their turn', async () => {
  const { reports, release } = setUp();
  release();
  let turns = 0;
  const other = setInterval(() => turns++, 0);
  for (const at of FLOOD.slice(0, 1000)) await reports.progress({ at });
  clearInterval(other);
  expect(turns).toBeGreaterThan(0);
});

it('reports that are lost are told of once, and counted', async () => {
  const { reports, sink, warnings } = setUp();
  sink.log = () => Promise.reject(new Error('gone'));
  for (const at of FLOOD.slice(0, 10)) void reports.log(`line ${at}`);
  await reports.flush();
  reports.close();
  expect(warnings).toEqual(['a report of job 7 was lost: gone', '9 more reports of job 7 were lost']);
});

it('what waits when the run ends without it is dropped, and waited for by nobody', async () => {
  const { reports, sent, release } = setUp();
  const lines = FLOOD.slice(0, 100).map((at) => reports.log(`line ${at}`));
  void reports.progress(1);
  void reports.progress(2);
  const { length } = sent.logs;
  reports.close();
  await lines[99];
  release();
  await reports.flush();
  await reports.log('late');
  await reports.progress(3);
  expect(sent.logs).toHaveLength(length);
  expect(sent.progress).toEqual([1]);
});
