import { environmentOverrides } from './environment.js';

const types = ['mail.digest', 'http.request'];
const read = (environment: Record<string, string>) =>
  Object.fromEntries(environmentOverrides(environment, types));

it('a variable sets a setting of a type, with its units', () => {
  expect(
    read({
      DROVER_TYPE__MAIL_DIGEST__ATTEMPTS: '5',
      DROVER_TYPE__MAIL_DIGEST__TIMEOUT: '30s',
      DROVER_TYPE__MAIL_DIGEST__ENABLED: 'false',
      DROVER_TYPE__HTTP_REQUEST__CONCURRENCY__PER_PROCESS: '2',
      DROVER_TYPE__HTTP_REQUEST__BACKOFF__BASE: '500',
      DROVER_TYPE__HTTP_REQUEST__CACHE: 'null',
      DROVER_TYPE__HTTP_REQUEST__PRIORITY: '',
      DROVER_OTHER: 'x',
    }),
  ).toEqual({
    'mail.digest': { attempts: 5, timeout: 30_000, enabled: false },
    'http.request': { concurrency: { perProcess: 2 }, backoff: { base: 500 }, cache: null },
  });
});

it('everything that is wrong is named at once', () => {
  const wrong = {
    DROVER_TYPE__MAIL__ATTEMPTS: '5',
    DROVER_TYPE__MAIL_DIGEST__ATEMPTS: '5',
    DROVER_TYPE__MAIL_DIGEST__ATTEMPTS: '-1',
    DROVER_TYPE__HTTP_REQUEST__BACKOFF: '3',
    DROVER_TYPE__HTTP_REQUEST__TIMEOUT: 'soon',
    DROVER_TYPE__HTTP_REQUEST__ATTEMPTS: '05',
    DROVER_TYPE__HTTP_REQUEST__BACKOFF__BASE__MAX: '1',
    DROVER_TYPE__HTTP_REQUEST__CACHE__MAX: '1',
    DROVER_TYPE__HTTP_REQUEST__CONCURRENCY__PER_PROCESS: '-2',
  };
  expect(() => read(wrong)).toThrow(
    expect.objectContaining({
      code: 'INVALID_SETTINGS',
      problems: [
        expect.stringMatching(
          /^DROVER_TYPE__MAIL__ATTEMPTS: there is no job type MAIL here; types: MAIL_DIGEST/,
        ),
        expect.stringMatching(
          /^DROVER_TYPE__MAIL_DIGEST__ATEMPTS: there is no such setting; settings: .*ATTEMPTS/,
        ),
        expect.stringMatching(/^DROVER_TYPE__HTTP_REQUEST__BACKOFF: there is no such setting/),
        expect.stringMatching(/^DROVER_TYPE__HTTP_REQUEST__BACKOFF__BASE__MAX: there is no such setting/),
        expect.stringMatching(/^DROVER_TYPE__HTTP_REQUEST__CACHE__MAX: there is no such setting/),
        expect.stringMatching(/^DROVER_TYPE__MAIL_DIGEST__ATTEMPTS: /),
        expect.stringMatching(/^DROVER_TYPE__HTTP_REQUEST__ATTEMPTS: .*number/),
        expect.stringMatching(
          /^DROVER_TYPE__HTTP_REQUEST__TIMEOUT: must be milliseconds or a text like "30s"/,
        ),
        expect.stringMatching(/^DROVER_TYPE__HTTP_REQUEST__CONCURRENCY__PER_PROCESS: /),
      ],
    }),
  );
});

it('a variable that could mean two types is refused', () => {
  expect(() => environmentOverrides({ DROVER_TYPE__A_B__ATTEMPTS: '2' }, ['a.b', 'a_b'])).toThrow(
    /could mean a\.b or a_b/,
  );
});
