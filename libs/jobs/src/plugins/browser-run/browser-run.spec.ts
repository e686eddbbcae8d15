import { jobHandlerOptions } from '../../framework/index.js';
import { BrowserRunHandler } from './browser-run.handler.js';
import { describeWithChromium, fileOf, Site, Stand } from './browser-run.testkit.js';

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47]);
const FORM = `<!doctype html><title>Order</title><h1>Order</h1>
<form action="/thanks"><input name="who"><select name="size"><option value="s">Small</option><option value="l">Large</option></select>
<button>Send</button></form><ul><li data-id="1">One</li><li data-id="2">Two</li><li>Three</li></ul>
<p id="late" hidden>later</p><p id="keys"></p>
<script>
  setTimeout(() => { late.hidden = false; }, 50);
  addEventListener('keydown', (event) => { keys.textContent += event.key; });
</script>`;

const site = new Site({
  '/': FORM,
  '/thanks': (request, response) => {
    const query = new URL(request.url ?? '', 'http://x').searchParams;
    response
      .setHeader('content-type', 'text/html')
      .end(`<title>Thanks</title><p>Thank you, ${query.get('who')} (${query.get('size')})</p>`);
  },
  '/about': (request, response) => {
    response.setHeader('content-type', 'text/html').end(
      `<pre id="headers">${JSON.stringify(request.headers)}</pre><pre id="page"></pre><script>
      document.querySelector('#page').textContent = JSON.stringify({
        width: innerWidth, language: navigator.language,
        zone: Intl.DateTimeFormat().resolvedOptions().timeZone });</script>`,
    );
  },
  '/big': `<p>${'x'.repeat(5000)}</p>`,
  '/broken': (_, response) => void response.writeHead(500).end('broken'),
  '/hang': () => undefined,
  '/busy': '<h1>busy</h1><script>setTimeout(() => { for (;;); }, 100)</script>',
});

describeWithChromium('browser.run', () => {
  const stand = new Stand({ BROWSER_PRIVATE_HOSTS: '127.0.0.1', BROWSER_EXTRACT_BYTES: '2000' });

  beforeAll(() => site.start());
  afterAll(async () => {
    site.stop();
    await stand.close();
  });

  it('does its steps in order and returns what they extract', async () => {
    const run = await stand.run([
      { kind: 'goto', url: site.url('/') },
      { kind: 'wait', selector: '#late' },
      { kind: 'wait', text: 'later' },
      { kind: 'extract', as: 'items', selector: 'li', many: true },
      { kind: 'extract', as: 'ids', selector: 'li', what: 'attribute', attribute: 'data-id', many: true },
      { kind: 'fill', selector: '[name=who]', value: 'Ada' },
      { kind: 'extract', as: 'who', selector: '[name=who]', what: 'value' },
      { kind: 'select', selector: 'select', values: ['Large'] },
      { kind: 'press', selector: '[name=who]', key: 'End' },
      { kind: 'assert', selector: '#keys', text: 'End', match: 'equals' },
      { kind: 'assert', selector: 'li', count: 3 },
      { kind: 'assert', selector: '#late', visible: true, title: 'Order' },
      { kind: 'click', selector: 'role=button[name="Send"]' },
      { kind: 'wait', url: '**/thanks?*' },
      { kind: 'assert', text: 'Thank you, Ada (l)', url: '/thanks' },
      { kind: 'wait', loadState: 'load' },
    ]);
    expect(run.error).toBeUndefined();
    expect(run.result).toMatchObject({
      title: 'Thanks',
      data: { items: ['One', 'Two', 'Three'], ids: ['1', '2', null], who: 'Ada' },
      artifacts: [],
      refusedHosts: [],
    });
    expect(run.result.durations).toHaveLength(16);
    expect(run.logs).toHaveLength(16);
    expect(run.logs[5]).toMatch(/^step 6 of 16, fill \[name=who\]: done in \d+ ms$/);
    expect(run.progress).toHaveLength(17);
    expect(run.progress[0]).toEqual({ current: 0, total: 16, message: 'goto', percent: 0 });
    expect(run.progress[16]).toMatchObject({ percent: 100 });
  });

  it('keeps screenshots of the page and of an element', async () => {
    const run = await stand.run([
      { kind: 'goto', url: site.url('/') },
      { kind: 'screenshot' },
      { kind: 'screenshot', name: 'all', fullPage: true },
      { kind: 'screenshot', name: 'heading', selector: 'h1' },
    ]);
    expect(run.result.artifacts).toEqual(['screenshot-2.png', 'all.png', 'heading.png']);
    for (const name of run.result.artifacts) expect((await fileOf(run, name)).subarray(0, 4)).toEqual(PNG);
  });

  it('shows the page the viewport, language, time zone, user agent and headers it is told', async () => {
    const { result } = await stand.run(
      [
        { kind: 'goto', url: site.url('/about') },
        { kind: 'extract', as: 'headers', selector: '#headers' },
        { kind: 'extract', as: 'page', selector: '#page' },
      ],
      {
        viewport: { width: 500, height: 400 },
        locale: 'de-DE',
        timeZone: 'Asia/Tokyo',
        userAgent: 'Drover test',
        headers: { 'x-team': 'blue' },
      },
    );
    expect(JSON.parse(String(result.data['page']))).toEqual({
      width: 500,
      language: 'de-DE',
      zone: 'Asia/Tokyo',
    });
    expect(JSON.parse(String(result.data['headers']))).toMatchObject({
      'user-agent': 'Drover test',
      'x-team': 'blue',
    });
  });

  it('fails with the number and kind of the step, a picture and a trace, without what was filled in', async () => {
    const run = await stand.run(
      [
        { kind: 'goto', url: site.url('/') },
        { kind: 'fill', selector: '#nothing', value: 'top-secret', timeout: 300 },
        { kind: 'click', selector: 'button' },
      ],
      { trace: true },
    );
    expect(run.outcome).toMatchObject({ kind: 'failed', retry: true });
    expect(run.error).toMatchObject({ code: 'BROWSER_STEP_FAILED', step: 2, kind: 'fill' });
    expect(run.error?.message).toContain('#nothing');
    expect([run.error?.message, ...run.logs].join()).not.toContain('top-secret');
    expect((await fileOf(run, 'failure.png')).subarray(0, 4)).toEqual(PNG);
    expect((await fileOf(run, 'trace.zip')).subarray(0, 2).toString()).toBe('PK');
    expect(run.logs.at(-1)).toMatch(/^ERROR step 2 of 3, fill #nothing: failed after \d+ ms$/);
  });

  it('keeps the trace of a job that went well, when asked', async () => {
    const run = await stand.run([{ kind: 'goto', url: site.url('/') }], { trace: true });
    expect(run.result.artifacts).toEqual(['trace.zip']);
    expect((await fileOf(run, 'trace.zip')).length).toBeGreaterThan(1000);
  });

  it.each([
    [{ text: 'Ordre' }, 'expected the text to contain "Ordre", found "Order'],
    [{ selector: 'li', count: 2 }, 'expected 2 elements, found 3'],
    [{ selector: 'h1', visible: false }, 'expected the element not to be visible'],
    [{ url: '/elsewhere' }, 'expected the address to contain'],
    [{ title: 'Ord', match: 'equals' }, 'expected the title to be "Ord", found "Order"'],
  ])('an assertion that does not hold fails its step: %j', async (assertion, message) => {
    const run = await stand.run([
      { kind: 'goto', url: site.url('/') },
      { kind: 'assert', timeout: 200, ...assertion },
    ]);
    expect(run.error).toMatchObject({
      code: 'BROWSER_ASSERTION_FAILED',
      step: 2,
      cause: { code: 'BROWSER_ASSERTION_FAILED' },
    });
    expect(run.error?.message).toContain(message);
    expect(run.error?.message.length).toBeLessThan(600);
  });

  it('an error page fails the step, unless any status will do', async () => {
    const failed = await stand.run([{ kind: 'goto', url: site.url('/broken') }]);
    expect(failed.error).toMatchObject({ step: 1, code: 'BROWSER_ERROR_STATUS', cause: { status: 500 } });
    const run = await stand.run([
      { kind: 'goto', url: site.url('/broken'), anyStatus: true },
      { kind: 'assert', text: 'broken' },
    ]);
    expect(run.error).toBeUndefined();
  });

  it('what several elements could be meant by is not extracted as one', async () => {
    const run = await stand.run([
      { kind: 'goto', url: site.url('/') },
      { kind: 'extract', as: 'item', selector: 'li' },
    ]);
    expect(run.error?.message).toMatch(/step 2 \(extract\) failed: .*strict mode violation/);
  });

  it('extracts over the limit fail the job for good', async () => {
    const run = await stand.run([
      { kind: 'goto', url: site.url('/big') },
      { kind: 'extract', as: 'text', selector: 'p' },
    ]);
    expect(run.outcome).toMatchObject({ kind: 'failed', retry: false });
    expect(run.error).toMatchObject({ step: 2, code: 'BROWSER_EXTRACT_TOO_LARGE' });
  });

  it('a step ends at its own timeout, also on a page whose script never ends', async () => {
    const waiting = await stand.run([{ kind: 'goto', url: site.url('/hang'), timeout: 200 }]);
    expect(waiting.error).toMatchObject({ code: 'BROWSER_STEP_FAILED', step: 1 });
    const busy = await stand.run([
      { kind: 'goto', url: site.url('/busy') },
      { kind: 'wait', selector: '#never', timeout: 500 },
    ]);
    expect(busy.error).toMatchObject({ code: 'BROWSER_STEP_FAILED', step: 2 });
  });

  it('has examples that any worker can run', () => {
    expect(jobHandlerOptions(BrowserRunHandler)?.examples).toHaveLength(2);
  });
});

it.each([
  ['no steps', { steps: [] }],
  ['a file', { steps: [{ kind: 'goto', url: 'file:///etc/passwd' }] }],
  ['an inner page', { steps: [{ kind: 'goto', url: 'chrome://version' }] }],
  ['source of a file', { steps: [{ kind: 'goto', url: 'view-source:file:///etc/passwd' }] }],
  ['a script', { steps: [{ kind: 'goto', url: 'javascript:alert(1)' }] }],
  ['a password in the address', { steps: [{ kind: 'goto', url: 'http://me:secret@example.org/' }] }],
  ['an unknown kind', { steps: [{ kind: 'evaluate', code: '1' }] }],
  ['an unknown option', { steps: [{ kind: 'click', selector: 'a', force: true }] }],
  ['two conditions to wait for', { steps: [{ kind: 'wait', selector: 'a', text: 'b' }] }],
  ['nothing to assert', { steps: [{ kind: 'assert', selector: 'a' }] }],
  [
    'a field twice',
    {
      steps: [
        { kind: 'extract', as: 'a', selector: 'a' },
        { kind: 'extract', as: 'a', selector: 'b' },
      ],
    },
  ],
  ['a field __proto__', { steps: [{ kind: 'extract', as: '__proto__', selector: 'a' }] }],
  ['an attribute without name', { steps: [{ kind: 'extract', as: 'a', selector: 'a', what: 'attribute' }] }],
  ['a screenshot in another folder', { steps: [{ kind: 'screenshot', name: '../x' }] }],
  ['a header of two lines', { steps: [{ kind: 'press', key: 'a' }], headers: { a: 'b\r\nc: d' } }],
  ['no time zone', { steps: [{ kind: 'press', key: 'a' }], timeZone: 'Mars/Base' }],
])('a payload with %s is refused', (_, payload) => {
  expect(jobHandlerOptions(BrowserRunHandler)?.payload?.safeParse(payload).success).toBe(false);
});
