import { isRedirect, redirected } from './redirect.js';
import type { OutgoingRequest } from './request.js';

const request = (method: string, headers: OutgoingRequest['headers'] = {}): OutgoingRequest => ({
  method,
  url: new URL('https://a.test/from?x=1'),
  headers: { 'content-type': 'text/plain', accept: '*/*', ...headers },
  body: Buffer.from('body'),
});

it.each([
  [301, 'GET', 'GET'],
  [301, 'POST', 'GET'],
  [301, 'PUT', 'PUT'],
  [302, 'POST', 'GET'],
  [302, 'DELETE', 'DELETE'],
  [303, 'POST', 'GET'],
  [303, 'PUT', 'GET'],
  [303, 'HEAD', 'HEAD'],
  [307, 'POST', 'POST'],
  [308, 'POST', 'POST'],
])('a %i answers %s and is followed by %s', (status, method, next) => {
  expect(redirected(request(method), status, '/to').method).toBe(next);
});

it('what becomes a GET loses its body and what describes it', () => {
  const next = redirected(request('POST'), 303, '/to');
  expect(next.body).toBeUndefined();
  expect(next.headers).toEqual({ accept: '*/*' });
});

it('what is repeated keeps its body, also on the way to another origin', () => {
  const next = redirected(request('POST'), 307, 'https://b.test/');
  expect(next.body?.toString()).toBe('body');
  expect(next.headers).toEqual({ 'content-type': 'text/plain', accept: '*/*' });
});

it.each(['https://b.test/', 'http://a.test/', 'https://a.test:8443/', '//b.test/', 'https://sub.a.test/'])(
  'credentials of any name stay behind on the way to %s, and when it leads back',
  (location) => {
    const first = request('GET', { authorization: 'x', cookie: 'x', 'x-api-key': 'x' });
    const next = redirected(first, 302, location);
    expect(Object.keys(next.headers).sort()).toEqual(['accept', 'content-type']);
    expect(Object.keys(redirected(next, 302, 'https://a.test/').headers).sort()).toEqual([
      'accept',
      'content-type',
    ]);
  },
);

it.each(['/to', '?y=2', 'https://a.test/to', 'https://A.test:443/to'])(
  'credentials go along to %s, which is the same origin',
  (location) => {
    expect(redirected(request('GET', { authorization: 'x' }), 302, location).headers.authorization).toBe('x');
  },
);

it('a location is relative to the address before, and its fragment is not sent', () => {
  expect(redirected(request('GET'), 302, 'next#part').url.href).toBe('https://a.test/next');
});

it('a location that is no address is refused', () => {
  expect(() => redirected(request('GET'), 302, 'http://[')).toThrow(/no address/);
});

it.each([
  [304, '/to', false],
  [300, '/to', false],
  [302, undefined, false],
  [302, '/to', true],
])('%i with location %s is a redirect: %s', (status, location, expected) => {
  expect(isRedirect(status, location)).toBe(expected);
});
