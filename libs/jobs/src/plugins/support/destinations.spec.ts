import { Destinations } from './destinations.js';

const PUBLIC = '93.184.216.34';
const names: Record<string, string[]> = {
  'example.org': [PUBLIC],
  'shop.example.org': [PUBLIC],
  'badexample.org': [PUBLIC],
  'inside.example.org': ['10.1.2.3'],
  'half.example.org': [PUBLIC, '127.0.0.1'],
};
const lookup = async (host: string) => {
  const found = names[host];
  if (!found) throw new Error('ENOTFOUND');
  return found;
};

const check = (
  url: string,
  { allowed = [], privateHosts = [] }: { allowed?: string[][]; privateHosts?: string[] } = {},
) => {
  const { hostname, port } = new URL(url);
  return new Destinations({ allowed, privateHosts }, lookup).check({
    host: hostname,
    port: Number(port || 80),
  });
};

it('a public host is reached at the address that was checked', async () => {
  expect(await check('http://example.org/')).toEqual({ address: PUBLIC });
  expect(await check(`http://${PUBLIC}/`)).toEqual({ address: PUBLIC });
});

it.each([
  'http://127.0.0.1/',
  'http://[::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://inside.example.org/',
  // One private address among public ones is enough: the connection could go there.
  'http://half.example.org/',
])('%s is refused, for its address is not public', async (url) => {
  expect(await check(url)).toEqual({ refused: expect.stringContaining('is not public') });
});

it('a name without an address is refused', async () => {
  expect(await check('http://nowhere.example/')).toEqual({ refused: 'its name has no address' });
});

it('a host must be in every list there is', async () => {
  const allowed = [['*.example.org', 'example.org'], ['shop.example.org']];
  expect(await check('http://shop.example.org/', { allowed })).toEqual({ address: PUBLIC });
  expect(await check('http://shop.example.org./', { allowed })).toEqual({ address: PUBLIC });
  expect(await check('http://example.org/', { allowed })).toHaveProperty('refused');
});

it('a star stands for names below one, not for those that merely end alike', async () => {
  const allowed = [['*.example.org']];
  expect(await check('http://shop.example.org/', { allowed })).toHaveProperty('address');
  expect(await check('http://example.org/', { allowed })).toHaveProperty('refused');
  expect(await check('http://badexample.org/', { allowed })).toHaveProperty('refused');
});

it('a private host is reached when its name, its address or its block is listed, and at the listed port only', async () => {
  for (const entry of [
    'inside.example.org',
    '10.1.2.3',
    '10.0.0.0/8',
    '10.1.2.3:8080',
    'inside.example.org:8080',
  ]) {
    const url = 'http://inside.example.org:8080/';
    expect(await check(url, { privateHosts: [entry] })).toEqual({ address: '10.1.2.3' });
  }
  for (const entry of ['10.1.2.3:80', 'example.org', '10.2.0.0/16']) {
    expect(await check('http://inside.example.org:8080/', { privateHosts: [entry] })).toHaveProperty(
      'refused',
    );
  }
});

it('a private host on the list must still be an allowed one', async () => {
  const rules = { allowed: [['example.org']], privateHosts: ['10.0.0.0/8'] };
  expect(await check('http://inside.example.org/', rules)).toHaveProperty('refused');
});
