import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describeWithChromium, Site, Stand } from './browser-run.testkit.js';

const CONTENT = 'content-of-a-download';

/** A page that does something and shows what came of it in `#done`. */
const page = (script: string, body = '') =>
  `<!doctype html>${body}<p id="done"></p><script type="module">
  const show = (value) => { document.querySelector('#done').textContent = String(value); };
  ${script}</script>`;

describeWithChromium('a page of browser.run', () => {
  const stand = new Stand({ BROWSER_PRIVATE_HOSTS: '127.0.0.1' });
  const inner = new Site({ '/': 'inner', '/image.png': 'x' });
  let site: Site;

  beforeAll(async () => {
    // Another address of this machine, which is not on the list of private hosts that are allowed.
    await inner.start('127.0.0.2');
    const there = inner.host;
    site = await new Site({
      '/': '<h1>home</h1>',
      '/redirect': (_, response) => void response.writeHead(302, { location: inner.url('/') }).end(),
      '/frame': page(
        `document.querySelector('iframe').onload = () => show('loaded');`,
        `<iframe src="http://${there}/"></iframe>`,
      ),
      '/image': page(
        `const image = new Image(); image.onerror = () => show('refused'); image.onload = () => show('got');
         image.src = 'http://${there}/image.png';`,
      ),
      '/fetch': page(
        `fetch('http://${there}/', { mode: 'no-cors' }).then(() => show('got'), () => show('refused'));`,
      ),
      '/socket': page(
        `const socket = new WebSocket('ws://${there}/'); socket.onerror = () => show('refused'); socket.onopen = () => show('got');`,
      ),
      '/beacon': page(`navigator.sendBeacon('http://${there}/', 'x'); fetch('/').then(() => show('sent'));`),
      '/popup': page(`window.open('/'); window.open('http://${there}/'); show('opened');`),
      '/file': page(
        `try { location.href = 'file:///etc/passwd'; show('tried'); } catch (error) { show('refused'); }`,
      ),
      '/dialogs': page(`alert('hello'); show([confirm('sure?'), prompt('who?')].map(String).join());`),
      '/unload': page(`onbeforeunload = (event) => event.preventDefault();`, '<button>touch</button>'),
      '/many': page(`for (let at = 0; at < 15; at++) { alert(at); window.open('/'); } show('opened');`),
      '/view-source': page(
        `document.querySelector('a').onclick = () => show('tried');`,
        '<a href="view-source:http://127.0.0.1/">source</a>',
      ),
      '/inner': page(
        `document.querySelector('a').onclick = () => show('tried');`,
        '<a href="chrome://version">inner</a>',
      ),
      '/permissions': page(
        `const names = ['geolocation', 'notifications', 'camera', 'microphone', 'clipboard-read'];
         const states = await Promise.all(names.map((name) => navigator.permissions.query({ name })));
         show(states.map(({ state }) => state).join());`,
      ),
      '/worker': page(
        `await navigator.serviceWorker.register('/worker.js').catch(() => {}); show((await navigator.serviceWorker.getRegistrations()).filter(({ active }) => active).length);`,
      ),
      '/worker.js': (_, response) =>
        void response.setHeader('content-type', 'text/javascript').end('self.skipWaiting()'),
      '/download': page(
        `document.querySelector('button').onclick = () => fetch('/').then(() => show('asked'));`,
        '<a href="/file.bin">file</a><button>ask</button>',
      ),
      '/file.bin': (_, response) =>
        void response.setHeader('content-disposition', 'attachment; filename=file.bin').end(CONTENT),
      '/cookie': page(`show(document.cookie); document.cookie = 'seen=1; max-age=1000';`),
      '/rtc': page(
        `const port = new URL(location).searchParams.get('port');
         const peer = new RTCPeerConnection({ iceServers: [{ urls: 'stun:127.0.0.1:' + port }] });
         peer.createDataChannel('x'); peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && show('gathered');
         await peer.setLocalDescription(await peer.createOffer());`,
      ),
    }).start();
  });

  afterEach(() => expect(inner.asked).toEqual([]));
  afterAll(async () => {
    site.stop();
    inner.stop();
    await stand.close();
  });

  const visit = (path: string, payload: object = {}) =>
    stand.run(
      [
        { kind: 'goto', url: site.url(path) },
        { kind: 'wait', selector: '#done:not(:empty)' },
        { kind: 'extract', as: 'done', selector: '#done' },
      ],
      payload,
    );

  it.each([
    ['an address that is not public', () => inner.url('/')],
    ['another notation of it', () => site.url('/').replace('127.0.0.1', '[::ffff:127.0.0.2]')],
    ['a redirect to it', () => site.url('/redirect')],
  ])('is not taken to %s, and its job fails for good', async (_, url) => {
    const run = await stand.run([{ kind: 'goto', url: url() }]);
    expect(run.outcome).toMatchObject({ kind: 'failed', retry: false });
    expect(run.error).toMatchObject({ code: 'BROWSER_HOST_REFUSED', step: 1 });
  });

  it.each(['/image', '/fetch', '/socket'])('gets nothing of a refused host by %s', async (path) => {
    const { result } = await visit(path);
    expect(result).toMatchObject({ data: { done: 'refused' }, refusedHosts: [inner.host] });
  });

  it('shows nothing of a refused host in a frame, and the log names the host', async () => {
    const run = await visit('/frame');
    expect(run.result.refusedHosts).toEqual([inner.host]);
    expect(run.logs).toContain(`WARN ${inner.host} was refused: its address 127.0.0.2 is not public`);
  });

  it('sends nothing to a refused host when it is left', async () => {
    expect((await visit('/beacon')).result.data).toEqual({ done: 'sent' });
  });

  it('reaches only those of the allowed hosts that its job names', async () => {
    const run = await stand.run([{ kind: 'goto', url: site.url('/') }], { allowedHosts: ['example.org'] });
    expect(run.error?.message).toContain('not among the allowed hosts');
    expect(
      (await stand.run([{ kind: 'goto', url: site.url('/') }], { allowedHosts: [site.host] })).error,
    ).toBeUndefined();
  });

  it('opens no second window', async () => {
    const run = await visit('/popup');
    expect(run.result.data).toEqual({ done: 'opened' });
    expect(run.logs).toContain('WARN a window that the page opened was closed');
  });

  it('has no way to files of the machine', async () => {
    const run = await stand.run([
      { kind: 'goto', url: site.url('/file') },
      { kind: 'assert', selector: '#done', text: 'tried' },
      { kind: 'assert', url: 'http://' },
    ]);
    expect(run.error).toBeUndefined();
  });

  it('has no permissions', async () => {
    expect((await visit('/permissions')).result.data['done']).toBe('denied,denied,denied,denied,denied');
  });

  it('has no service worker', async () => {
    expect((await visit('/worker')).result.data['done']).toBe('0');
  });

  it('downloads nothing', async () => {
    const run = await stand.run([
      { kind: 'goto', url: site.url('/download') },
      { kind: 'click', selector: 'a' },
      { kind: 'click', selector: 'button' },
      { kind: 'assert', selector: '#done', text: 'asked' },
    ]);
    expect(run.error).toBeUndefined();
    expect(site.asked).toContain('/file.bin');
    expect(
      filesBelow(stand.folder).filter((file) => readFileSync(file, 'latin1').startsWith(CONTENT)),
    ).toEqual([]);
  });

  it('knows nothing of the jobs before', async () => {
    await stand.run([{ kind: 'goto', url: site.url('/cookie') }]);
    const again = await stand.run([
      { kind: 'goto', url: site.url('/cookie') },
      { kind: 'extract', as: 'done', selector: '#done' },
    ]);
    expect(again.result.data).toEqual({ done: '' });
  });

  it.each([
    'HTTP/1.1 000 Odd',
    'HTTP/1.1 042 Odd',
    'HTTP/1.1 200 a\u0001b',
    'HTTP/1.1 101 Other\r\nupgrade: odd\r\nconnection: upgrade',
  ])('does no harm to its worker by an answer that is none: %j', async (head) => {
    const odd = createServer((socket) => {
      socket
        .on('error', () => undefined)
        .once('data', () => socket.end(`${head}\r\ncontent-length: 0\r\n\r\n`));
    }).listen(0, '127.0.0.1');
    await once(odd, 'listening');
    const url = `http://127.0.0.1:${(odd.address() as AddressInfo).port}/`;
    const run = await stand.run([{ kind: 'goto', url, timeout: 5000 }]);
    odd.close();
    expect(run.outcome).toMatchObject({ kind: 'failed', error: { code: 'BROWSER_STEP_FAILED' } });
    expect(run.error?.message).toContain('net::ERR_');
    expect((await stand.run([{ kind: 'goto', url: site.url('/') }])).error).toBeUndefined();
  });

  it('is not held up by dialogs, and the log says what they said', async () => {
    const run = await visit('/dialogs');
    expect(run.result.data).toEqual({ done: 'false,null' });
    expect(run.logs).toEqual(
      expect.arrayContaining([
        'WARN a dialog (alert) was dismissed: hello',
        'WARN a dialog (confirm) was dismissed: sure?',
        'WARN a dialog (prompt) was dismissed: who?',
      ]),
    );
  });

  it('can be left though it asks whether to', async () => {
    const run = await stand.run([
      { kind: 'goto', url: site.url('/unload') },
      { kind: 'click', selector: 'button' },
      { kind: 'goto', url: site.url('/') },
      { kind: 'assert', selector: 'h1', text: 'home' },
    ]);
    expect(run.error).toBeUndefined();
  });

  it('does not fill the log with the windows and dialogs it opens', async () => {
    const run = await visit('/many');
    expect(run.result.data).toEqual({ done: 'opened' });
    const told = run.logs.filter((line) => line.startsWith('WARN'));
    expect(told).toHaveLength(10);
    expect(told.at(-1)).toContain('further ones are not told of');
  });

  it.each(['/view-source', '/inner'])('has no way to inner pages of the browser: %s', async (path) => {
    const run = await stand.run([
      { kind: 'goto', url: site.url(path) },
      { kind: 'click', selector: 'a' },
      { kind: 'assert', selector: '#done', text: 'tried' },
      { kind: 'assert', url: 'http://' },
    ]);
    expect(run.error).toBeUndefined();
  });

  it('sends no UDP past the proxy by WebRTC', async () => {
    const udp = createSocket('udp4').bind(0, '127.0.0.1');
    let packets = 0;
    udp.on('message', () => (packets += 1));
    await once(udp, 'listening');
    const { port } = udp.address() as AddressInfo;
    expect((await visit(`/rtc?port=${port}`)).result.data).toEqual({ done: 'gathered' });
    udp.close();
    expect(packets).toBe(0);
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
}
