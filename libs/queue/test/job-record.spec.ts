import { fromFlat, unpackPlain } from '../src/backend/job-record.js';

const TEXT = '1700000000000\n0\nmail\n{"attempts":3}\n{"lines":"a\nb"}';
const UNPACKED = {
  timestamp: '1700000000000',
  priority: '0',
  name: 'mail',
  opts: '{"attempts":3}',
  data: '{"lines":"a\nb"}',
};

describe('The text of a plain job', () => {
  it('has four lines and then the payload, which may have more', () => {
    expect(unpackPlain(TEXT)).toEqual(UNPACKED);
    expect(unpackPlain('1\n0\n\n{}\n')).toEqual({
      timestamp: '1',
      priority: '0',
      name: '',
      opts: '{}',
      data: '',
    });
  });

  it.each(['', 'mail', '1\n0\nmail', '1\n0\nmail\n{}'])('of another form has no fields: %j', (text) => {
    expect(unpackPlain(text)).toEqual({});
  });
});

describe('Names and values of a job', () => {
  it.each([
    ['first', ['plain', TEXT, 'processedOn', '5', 'name', 'newer']],
    ['last', ['processedOn', '5', 'name', 'newer', 'plain', TEXT]],
  ])('beat the text of a plain job, which comes %s', (_place, flat) => {
    expect(fromFlat(flat)).toEqual({ ...UNPACKED, name: 'newer', processedOn: '5' });
  });

  it('are all there is of a job that is not plain', () => {
    expect(fromFlat(['name', 'mail', 'data', '{}'])).toEqual({ name: 'mail', data: '{}' });
    expect(fromFlat([])).toEqual({});
  });
});
