import { loadSettings } from './settings.js';

const problemsOf = (env: Record<string, string>) => {
  try {
    loadSettings(env);
    return [];
  } catch (error) {
    return (error as { problems: string[] }).problems;
  }
};

describe('settings of access', () => {
  it('take lists of origins and proxies', () => {
    const env = {
      CORS_ORIGINS: 'https://a.example, http://localhost:5173',
      TRUSTED_PROXIES: '10.0.0.0/8, ::1, fd00::/8',
    };
    expect(loadSettings(env)).toMatchObject({
      CORS_ORIGINS: ['https://a.example', 'http://localhost:5173'],
      TRUSTED_PROXIES: ['10.0.0.0/8', '::1', 'fd00::/8'],
    });
  });

  it.each([
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'null'],
    ['CORS_ORIGINS', 'https://a.example/'],
    ['CORS_ORIGINS', 'a.example'],
    ['CORS_ORIGINS', 'file://'],
    ['TRUSTED_PROXIES', 'proxy.example'],
    ['TRUSTED_PROXIES', 'abc'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['RATE_LIMIT_PER_MINUTE', '-1'],
    ['AUDIT_RETENTION_DAYS', 'x'],
  ])('refuse %s=%s, naming it', (name, value) => {
    expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name}: `))]);
  });

  it.each(['too-short', `${'x'.repeat(20)} y`, 'x'.repeat(201), `${'x'.repeat(20)}é`])(
    'refuse the admin key %j without showing it',
    (key) => {
      const [problem] = problemsOf({ DROVER_ADMIN_KEY: key });
      expect(problem).toMatch(/^DROVER_ADMIN_KEY: must be 20 to 200/);
      expect(problem).not.toContain(key);
    },
  );
});
