import { fetchWithKey } from '../support/access.js';
import { TestApi } from './api-client.js';

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.close());

describe('/api/docs', () => {
  it('describes every operation with its answers and problems', async () => {
    const { body: document } = await api.get('/api/docs-json');
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/api/dead-letters',
        '/api/dead-letters/purge',
        '/api/dead-letters/replay',
        '/api/health',
        '/api/jobs',
        '/api/jobs/actions',
        '/api/jobs/bulk',
        '/api/jobs/stats',
        '/api/jobs/{id}',
        '/api/jobs/{id}/action',
        '/api/jobs/{id}/artifacts',
        '/api/jobs/{id}/artifacts/{name}',
        '/api/jobs/{id}/logs',
        '/api/jobs/{id}/result',
        '/api/jobs/{id}/timeline',
        '/api/jobs/{id}/why',
        '/api/types',
        '/api/types/{type}',
        '/api/types/{type}/settings',
      ]),
    );
    const { post } = document.paths['/api/jobs'];
    expect(Object.keys(post.responses)).toEqual([
      '200',
      '201',
      '400',
      '401',
      '403',
      '409',
      '413',
      '415',
      '422',
      '429',
      '500',
      '503',
    ]);
    expect(post.responses['409'].content['application/problem+json'].examples).toHaveProperty('JOB_EXISTS');
    expect(document.components.schemas.CreateJob.properties.delay.maximum).toBe(30 * 86_400_000);
  });

  it('says how callers are known: by a key, or by the cookie of a session', async () => {
    const { body: document } = await api.get('/api/docs-json');
    const { apiKey, session } = document.components.securitySchemes;
    expect(apiKey).toEqual({ type: 'http', scheme: 'bearer', description: expect.any(String) });
    expect(session).toMatchObject({ type: 'apiKey', in: 'cookie', name: 'drover_session' });
    for (const { get } of [document.paths['/api/jobs'], document.paths['/api/queues']]) {
      expect(new Set((get.security as object[]).flatMap(Object.keys))).toEqual(
        new Set(['apiKey', 'session']),
      );
      // Each alone is enough.
      for (const way of get.security as object[]) expect(Object.keys(way)).toHaveLength(1);
    }
  });

  it('has the parameters and problems of all routes of tasks', async () => {
    const { body: document } = await api.get('/api/docs-json');
    const { parameters } = document.paths['/api/tasks/execute'].get;
    expect(parameters).toMatchObject([{ name: 'taskId', in: 'query', required: true }]);
    for (const [path, method] of [
      ['/api/tasks/{id}', 'get'],
      ['/api/tasks/{id}', 'patch'],
      ['/api/tasks/{id}', 'delete'],
      ['/api/tasks/{id}/start', 'post'],
      ['/api/tasks/{id}/stop', 'post'],
      ['/api/tasks/{id}/pause', 'post'],
      ['/api/tasks/{id}/resume', 'post'],
    ] as const) {
      const { responses } = document.paths[path][method];
      expect(responses['400'].content['application/problem+json'].examples).toHaveProperty('INVALID_URL');
    }
  });

  it('refers to no schema that is missing', async () => {
    const { body: document } = await api.get('/api/docs-json');
    const references = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g);
    const missing = [...references].filter(
      ([, name]) => !Object.hasOwn(document.components.schemas, name ?? ''),
    );
    expect(missing).toEqual([]);
  });

  it('is a page whose scripts the security policy lets run', async () => {
    const response = await fetchWithKey(`${api.url}/api/docs`);
    const page = await response.text();
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
    const scripts = [...page.matchAll(/<script src="([^"]+)"/g)].map(([, source]) => source ?? '');
    expect(scripts.length).toBeGreaterThan(0);
    expect(page).not.toMatch(/<script(?! src=)[^>]*>[^<\s]/);
    for (const source of scripts)
      expect((await fetchWithKey(new URL(source, `${api.url}/api/`))).status).toBe(200);
  });
});
