import { isAmong, parseHostPattern, type HostPattern } from './host-pattern.js';

const pattern = (text: string): HostPattern => parseHostPattern(text) as HostPattern;

it.each([
  ['api.example.org', 'api.example.org', 443, true],
  ['api.example.org', 'API.Example.org', 443, true],
  ['api.example.org', 'api.example.org.', 443, true],
  ['api.example.org', 'api.example.org.evil.test', 443, false],
  ['api.example.org', 'xapi.example.org', 443, false],
  ['*.example.org', 'a.b.example.org', 443, true],
  ['*.example.org', 'example.org', 443, false],
  ['*.example.org', 'notexample.org', 443, false],
  ['build.internal:8080', 'build.internal', 8080, true],
  ['build.internal:8080', 'build.internal', 80, false],
  ['[FD00::0001]:8080', '[fd00::1]', 8080, true],
  ['[::1]', '::1', 80, true],
])('%s means %s on port %i: %s', (text, host, port, expected) => {
  expect(isAmong([pattern(text)], host, port)).toBe(expected);
});

it.each([
  '',
  '*',
  '*.',
  'https://example.org',
  'example.org/path',
  'a b',
  'user@example.org',
  'a:0',
  'a:70000',
])('"%s" is no host', (text) => {
  expect(parseHostPattern(text)).toBeUndefined();
});
