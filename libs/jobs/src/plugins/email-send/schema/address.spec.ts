import { domainOf, isAddress } from './address.js';

it.each([
  'ada@example.org',
  'ada.lovelace+jobs@mail.example.org',
  "o'brien@example.org",
  'ada@localhost',
  'ada@grün.example',
  'björn@example.org',
  'x@xn--grn-ioa.example',
])('%s is an address', (text) => {
  expect(isAddress(text)).toBe(true);
});

it.each([
  '',
  'ada',
  '@example.org',
  'ada@',
  'ada@@example.org',
  'ada@example..org',
  '.ada@example.org',
  'ada.@example.org',
  'ada@-example.org',
  'ada@example.org ',
  'ada@example.org\r\nBcc: eve@evil.test',
  'ada@example.org,eve@evil.test',
  'ada@example.org;eve@evil.test',
  'Ada <ada@example.org>',
  '"eve@evil.test x"@example.org',
  '"ada"@example.org',
  'ada(comment)@example.org',
  'ada\\@example.org',
  'ada@[127.0.0.1]',
  'group:ada@example.org;',
  `${'a'.repeat(65)}@example.org`,
  `a@${'b.'.repeat(130)}org`,
])('%j is none', (text) => {
  expect(isAddress(text)).toBe(false);
});

it('domains are compared in lower case and ASCII', () => {
  expect(domainOf('ada@GRÜN.example')).toBe('xn--grn-ioa.example');
});
