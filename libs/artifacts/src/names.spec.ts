import { assertArtifactName, contentTypeOf } from './names.js';

it.each([
  'a',
  'report.csv',
  'Bericht März 2026.pdf',
  '報告.html',
  '-x',
  '_x',
  'a..b',
  'x'.repeat(200),
  'a.meta',
])('%j is a name', (name) => {
  expect(() => assertArtifactName(name)).not.toThrow();
});

it.each([
  '',
  '.',
  '..',
  '.hidden',
  '../a',
  'a/b',
  '/etc/passwd',
  'a\\b',
  'C:\\a',
  'a\0b',
  'a\nb',
  'a:b',
  'a~b',
  'a%2fb',
  'a"b',
  'a.',
  'a ',
  ' a',
  'x'.repeat(201),
  '報'.repeat(81),
])('%j is none', (name) => {
  expect(() => assertArtifactName(name)).toThrow(expect.objectContaining({ code: 'INVALID_ARTIFACT_NAME' }));
});

it.each([
  ['a.PNG', 'image/png'],
  ['a.tar.gz', 'application/octet-stream'],
  ['csv', 'text/csv; charset=utf-8'],
  ['a.constructor', 'application/octet-stream'],
])('the type of %s is %s', (name, type) => {
  expect(contentTypeOf(name)).toBe(type);
});
