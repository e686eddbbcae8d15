import { isAmong, isHostPattern, parseHostPattern, type HostPattern } from './host-pattern.js';

const pattern = (text: string): HostPattern => parseHostPattern(text) as HostPattern;

it.each([
  ['api.example.org', 'api.example.org', 443, true],
  ['api.example.org', 'API.Example.org', 443, true],
  ['api.example.org', 'api.example.org.', 443, true],
  ['api.example.org', 'api。example．org', 443, true],
  ['api.example.org', 'api.example.org.evil.test', 443, false],
  ['api.example.org', 'xapi.example.org', 443, false],
  ['GRÜN.test', 'xn--grn-ioa.test', 443, true],
  ['*.example.org', 'a.b.example.org', 443, true],
  ['*.example.org', 'example.org', 443, false],
  ['*.example.org', 'notexample.org', 443, false],
  ['build.internal:8080', 'build.internal', 8080, true],
  ['build.internal:8080', 'build.internal', 80, false],
  ['[FD00::0001]:8080', '[fd00::1]', 8080, true],
  ['[::1]', '::1', 80, true],
  ['::1', '[0:0::1]', 80, true],
  ['127.0.0.1', '[::ffff:7f00:1]', 80, true],
  ['127.0.0.1', '0x7f.1', 80, true],
  ['[::ffff:127.0.0.1]', '2130706433', 80, true],
  ['10.0.0.0/8', '10.1.2.3', 80, true],
  ['10.0.0.0/8', '[::ffff:10.1.2.3]', 80, true],
  ['10.0.0.0/8', '10.example.org', 80, false],
  ['10.0.0.0/8:8080', '10.1.2.3', 8080, true],
  ['10.0.0.0/8:8080', '10.1.2.3', 80, false],
  ['fd00::/8', '[fd12::1]', 80, true],
  ['fd00::/8', 'fd12::1%eth0', 80, false],
  ['example.org', 'example.org/x', 443, false],
])('%s means %s on port %i: %s', (text, host, port, expected) => {
  expect(isAmong([pattern(text)], { host, port })).toBe(expected);
});

it('an address or a block means the names that lead there, where it is known that they do', () => {
  const name = { host: 'inside.example.org', port: 80 };
  for (const text of ['10.1.2.3', '10.0.0.0/8', '10.1.2.3:80']) {
    expect(isAmong([pattern(text)], name, '10.1.2.3')).toBe(true);
    expect(isAmong([pattern(text)], name)).toBe(false);
    expect(isAmong([pattern(text)], name, '10.1.2.4')).toBe(text === '10.0.0.0/8');
  }
});

it.each([
  ...[
    '',
    '*',
    '*.',
    '*.10.0.0.1',
    'a.*',
    'https://example.org',
    'example.org/path',
    'a b',
    'user@example.org',
    'a:0',
    'a:70000',
  ],
  ...[
    '[x]',
    '[::1',
    'a/8',
    '10.1/16',
    '10.0.0.0/33',
    'fe80::1%eth0',
    '256.1.1.1',
    'a?b',
    'a#b',
    'a%2eb',
    'a:80:90',
    ':80',
  ],
])('"%s" is no host', (text) => {
  expect(isHostPattern(text)).toBe(false);
});
