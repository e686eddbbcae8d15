import { createJobSchema, REST_LIMITS } from '#libs/contracts';
import { BodyTooLargeError } from '../problems/api-errors.js';
import { toCreateJob } from './create-job.js';

const create = (body: object) => toCreateJob(createJobSchema.parse({ type: 'example.echo', ...body }));

/** A payload whose JSON has exactly this many bytes. */
const payloadOf = (bytes: number) => ({ text: 'x'.repeat(bytes - '{"text":""}'.length) });

describe('toCreateJob', () => {
  it('fills in an empty payload, priority normal and three tries from 2 s', () => {
    expect(create({})).toEqual({
      type: 'example.echo',
      payload: {},
      priority: 'normal',
      delay: 0,
      attempts: 3,
      backoff: { type: 'exponential', delay: 2000 },
    });
  });

  it.each([null, 0, '', false, [], { a: [] }])('keeps the payload %j as it is', (payload) => {
    expect(create({ payload }).payload).toEqual(payload);
  });

  it('accepts a payload of 256 KiB and refuses one byte more', () => {
    expect(() => create({ payload: payloadOf(REST_LIMITS.payloadBytes) })).not.toThrow();
    expect(() => create({ payload: payloadOf(REST_LIMITS.payloadBytes + 1) })).toThrow(BodyTooLargeError);
  });

  it('counts bytes, not characters', () => {
    expect(() => create({ payload: 'é'.repeat(REST_LIMITS.payloadBytes / 2) })).toThrow('got 262146');
  });
});
