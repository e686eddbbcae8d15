import { isRedisDown } from './redis-errors.js';

const named = (name: string, message: string) => Object.assign(new Error(message), { name });

describe('isRedisDown', () => {
  it.each([
    Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), { code: 'ECONNREFUSED' }),
    new Error('Connection is closed.'),
    named('MaxRetriesPerRequestError', 'Reached the max retries per request limit (which is 20).'),
    named('ReplyError', 'LOADING Redis is loading the dataset in memory'),
    named('ReplyError', "OOM command not allowed when used memory > 'maxmemory'."),
    named('ReplyError', "READONLY You can't write against a read only replica."),
  ])('is so for %s', (error) => {
    expect(isRedisDown(error)).toBe(true);
  });

  it.each([
    named('ReplyError', 'WRONGTYPE Operation against a key holding the wrong kind of value'),
    named('ReplyError', 'ERR Error running script'),
    new Error('LOADING is what my handler said'),
    'ECONNREFUSED',
    undefined,
  ])('is not so for %s', (error) => {
    expect(isRedisDown(error)).toBe(false);
  });
});
