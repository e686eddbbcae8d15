import { loadSettings } from '../settings.js';
import { QueueRoutes } from './queue-routes.js';

const routes = (text: string) => new QueueRoutes(loadSettings({ QUEUE_ROUTES: text }).QUEUE_ROUTES);

it.each([
  ['video.encode', 'go-video'],
  ['video.encoded', undefined],
  ['legacy.', 'go-jobs'],
  ['legacy.mail.send', 'go-jobs'],
  ['old.legacy.mail', undefined],
  ['legacy.report', 'reports'],
  ['mail.eu.digest', 'digests'],
  ['mail.digest', undefined],
  ['mail.eu.digest.now', undefined],
  ['a=b', 'odd'],
])('the type %j goes to the queue %j', (type, queue) => {
  const text =
    'video.encode=go-video, legacy.*=go-jobs,legacy.re*=never,legacy.report=reports,mail.*.digest=digests,a=b=odd';
  expect(routes(text).queueOf(type)).toBe(queue);
});

it('a pattern of many stars is as quick as any other', () => {
  const hostile = routes(`${'a*'.repeat(50)}b=q`);
  expect(hostile.queueOf('a'.repeat(200))).toBeUndefined();
  expect(hostile.queueOf(`${'a'.repeat(199)}b`)).toBe('q');
});

it('an overlap of the first and the last part does not count twice', () => {
  expect(routes('ab*ba=q').queueOf('aba')).toBeUndefined();
  expect(routes('ab*ba=q').queueOf('abba')).toBe('q');
});

it('every queue is there once; without the setting there is none', () => {
  expect(routes('a=x,b=y,c=x').queues).toEqual(['x', 'y']);
  expect(routes('').queues).toEqual([]);
});

it.each([
  ['video.encode', 'entry "video.encode" must be <type>=<queue>'],
  ['=go', 'entry "=go" must be <type>=<queue>'],
  ['a=x,video.encode=', 'entry "video.encode=" has a queue that cannot be used: must not be empty'],
  ['a=x:y', 'entry "a=x:y" has a queue that cannot be used'],
  ['a=worker', 'entry "a=worker" has a queue that cannot be used: must not be "worker"'],
  ['a=x,b=y,a=z', 'entry "a=z" is one too many: a has a queue already'],
])('%j is refused, naming the entry', (text, problem) => {
  expect(() => routes(text)).toThrow(
    expect.objectContaining({
      code: 'INVALID_SETTINGS',
      problems: [expect.stringContaining(`QUEUE_ROUTES: ${problem}`)],
    }),
  );
});
