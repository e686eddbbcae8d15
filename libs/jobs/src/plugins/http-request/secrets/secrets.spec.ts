import { InvalidSettingsError } from '#libs/contracts';
import { Secrets } from './secrets.js';

const TOKEN = 'a-token-of-some-length';
const secrets = (hosts: string) => new Secrets({ JOB_SECRET_TOKEN: TOKEN, JOB_SECRET_TOKEN_HOSTS: hosts });

it.each([
  ['api.example.org', 'https://api.example.org/x'],
  ['API.example.org', 'https://api.example.org:443/'],
  ['a.test, *.example.org', 'https://api.example.org/'],
  ['api.example.org:8443', 'https://api.example.org:8443/'],
  ['http://build.internal:8080', 'http://build.internal:8080/'],
  ['http://127.0.0.1', 'http://127.0.0.1/'],
])('a secret of %s is sent to %s', (hosts, url) => {
  expect(secrets(hosts).valueFor('TOKEN', new URL(url))).toBe(TOKEN);
});

it.each([
  ['api.example.org', 'http://api.example.org/'],
  ['api.example.org', 'https://api.example.org:8443/'],
  ['api.example.org', 'https://api.example.org.evil.test/'],
  ['*.example.org', 'https://example.org/'],
  ['http://build.internal:8080', 'https://build.internal:8080/'],
])('a secret of %s is not sent to %s', (hosts, url) => {
  expect(() => secrets(hosts).valueFor('TOKEN', new URL(url))).toThrow(
    expect.objectContaining({ code: 'HTTP_REQUEST_REFUSED' }),
  );
});

it('an unknown secret is named in the error', () => {
  expect(() => secrets('a.test').valueFor('OTHER', new URL('https://a.test'))).toThrow(
    'there is no secret "OTHER": set JOB_SECRET_OTHER',
  );
});

it.each([
  [{ JOB_SECRET_T: TOKEN }, /JOB_SECRET_T: needs JOB_SECRET_T_HOSTS/],
  [{ JOB_SECRET_T: TOKEN, JOB_SECRET_T_HOSTS: 'https://a.test/path' }, /JOB_SECRET_T_HOSTS: must be hosts/],
  [{ JOB_SECRET_T: 'short', JOB_SECRET_T_HOSTS: 'a.test' }, /must have 8 characters/],
  [{ JOB_SECRET_T: 'line-break-in\nit', JOB_SECRET_T_HOSTS: 'a.test' }, /no header may have/],
])('a secret that cannot be used stops the start and is not shown (%#)', (environment, message) => {
  const start = () => new Secrets(environment);
  expect(start).toThrow(InvalidSettingsError);
  expect(start).toThrow(message);
  expect(start).not.toThrow(environment.JOB_SECRET_T);
});
