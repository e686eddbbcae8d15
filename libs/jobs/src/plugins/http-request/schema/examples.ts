import type { JobExample } from '../../../framework/index.js';

export const httpRequestExamples: readonly JobExample[] = [
  { title: 'Ask for JSON', payload: { url: 'https://api.github.com/repos/redis/redis', timeout: '10s' } },
  {
    title: 'Send JSON with a secret, once',
    payload: {
      url: 'https://api.github.com/repos/acme/shop/issues',
      method: 'POST',
      headers: { accept: 'application/vnd.github+json' },
      auth: { type: 'bearer', token: { secret: 'GITHUB_TOKEN' } },
      body: { json: { title: 'The nightly import failed' } },
      expect: [201],
      idempotencyKey: true,
    },
  },
  {
    title: 'Download into an artifact',
    payload: {
      url: 'https://example.org/price-list.csv',
      query: { year: 2026, region: ['north', 'south'] },
      response: { to: 'artifact', name: 'price-list.csv', maxBytes: 10_000_000 },
    },
  },
  {
    title: 'See where a short link leads',
    payload: { url: 'https://example.org/s/1', method: 'HEAD', redirects: 0, expect: ['3xx'] },
  },
];
