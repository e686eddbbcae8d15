import { canonicalHost, isBlock, isInBlock, isLoopback, kindOfAddress } from './addresses.js';

it.each([
  ['8.8.8.8', 'public'],
  ['2606:4700::1', 'public'],
  ['::ffff:1.1.1.1', 'public'],
  ['64:ff9b::808:808', 'public'],
  ...[
    '127.0.0.1',
    '127.255.255.254',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.0.1',
    '::1',
    'fd00::1',
    'fc00::1',
  ].map((address) => [address, 'private']),
  // Carrier-grade NAT, 100.64/10.
  ['100.64.0.1', 'private'],
  ['100.127.255.255', 'private'],
  ['100.128.0.1', 'public'],
  // Loose spellings of 127.0.0.1.
  ...['127.1', '0x7f.1', '0x7f000001', '0177.0.0.1', '2130706433', '017700000001'].map((address) => [
    address,
    'private',
  ]),
  // IPv4 within IPv6: mapped, NAT64, translated, compatible, 6to4, Teredo.
  ...[
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:ffff:7f00:0001',
    '64:ff9b::7f00:1',
    '64:ff9b::10.0.0.1',
  ].map((address) => [address, 'private']),
  ...[
    '64:ff9b:1::7f00:1',
    '::ffff:0:127.0.0.1',
    '::127.0.0.1',
    '2002:7f00:1::',
    '2001::1',
    '2001:0:7f00:1::',
  ].map((address) => [address, 'special']),
  // Link-local, where clouds keep their metadata.
  ...[
    '169.254.169.254',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '0xa9fea9fe',
    'fe80::1',
    'fe80::1%eth0',
  ].map((address) => [address, 'special']),
  ...['fec0::1', '192.0.2.1', '198.18.0.1', '192.88.99.1', '240.0.0.1', '2001:db8::1', '4000::1'].map(
    (address) => [address, 'special'],
  ),
  ...[
    '0.0.0.0',
    '0',
    '0.1.2.3',
    '::',
    '::ffff:0.0.0.0',
    '64:ff9b::',
    '224.0.0.1',
    'ff02::1',
    '255.255.255.255',
  ].map((address) => [address, 'never']),
  ...['', 'localhost', 'example.org', '1.2.3.4.5', '[::1]', '127.0.0.1:80', '256.1.1.1'].map((text) => [
    text,
    'never',
  ]),
])('%s is %s', (address, kind) => {
  expect(kindOfAddress(address)).toBe(kind);
});

it.each([
  ['Example.ORG.', 'example.org'],
  ['127.0.0.1', '127.0.0.1'],
  ...[
    '0x7f.1',
    '127.1',
    '2130706433',
    '017700000001',
    '0177.0.0.01',
    '127.0.0.1.',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
  ].map((text) => [text, '127.0.0.1']),
  ...['[::ffff:127.0.0.1]', '::ffff:7f00:1', '[0:0:0:0:0:FFFF:7F00:0001]', '%31%32%37.0.0.1'].map((text) => [
    text,
    '127.0.0.1',
  ]),
  ['[0:0::0:1]', '::1'],
  ['FD00::0001', 'fd00::1'],
  ['bücher．example', 'xn--bcher-kva.example'],
  ['EXAMPLE。org', 'example.org'],
  ['%65xample.org', 'example.org'],
  ['my_host', 'my_host'],
  ...[
    '',
    '.',
    '[]',
    '[fe80::1%25eth0]',
    'fe80::1%eth0',
    'a b',
    'a:80',
    'u@a',
    'a/b',
    'a?b',
    'a#b',
    'a\\b',
    '256.1.1.1',
  ].map((text) => [text, undefined]),
  ...['1.2.3.4.5', '[::1', '[127.0.0.1', 'a%2fb', 'a%00b', ':', '::1]'].map((text) => [text, undefined]),
])('the host %s is %s', (text, host) => {
  expect(canonicalHost(String(text))).toBe(host);
});

it('an address is in its block, in its own single-address block, and in no block of the other family', () => {
  expect(isInBlock('10.1.2.3', '10.1.0.0/16')).toBe(true);
  expect(isInBlock('::ffff:10.1.2.3', '10.1.0.0/16')).toBe(true);
  expect(isInBlock('64:ff9b::a01:203', '10.1.0.0/16')).toBe(true);
  expect(isInBlock('10.2.2.3', '10.1.0.0/16')).toBe(false);
  expect(isInBlock('127.0.0.1', '127.0.0.1')).toBe(true);
  expect(isInBlock('fd00::5', 'fd00::/8')).toBe(true);
  expect(isInBlock('fd00::5', '0.0.0.0/0')).toBe(false);
  for (const text of ['example.org', '10.1/16', '10/8', '10.0.0.0/33', 'fd00::/129', '/8'])
    expect([text, isBlock(text)]).toEqual([text, false]);
});

it.each([
  ['localhost', true],
  ['127.8.9.1', true],
  ['::1', true],
  ['10.0.0.1', false],
  ['localhost.example.org', false],
])('%s is this machine: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
