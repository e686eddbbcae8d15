import { createJobSchema, REST_LIMITS, TYPE_DEFAULTS, type PublishedType } from '#libs/contracts';
import { BodyTooLargeError } from '../problems/api-errors.js';
import { toCreateJob } from './create-job.js';

const create = (body: object) => toCreateJob(createJobSchema.parse({ type: 'example.echo', ...body }));

/** A payload whose JSON has exactly this many bytes. */
const payloadOf = (bytes: number) => ({ text: 'x'.repeat(bytes - '{"text":""}'.length) });

describe('toCreateJob', () => {
  it('fills in an empty payload and priority normal, and leaves attempts and backoff to the type', () => {
    expect(create({})).toEqual({
      type: 'example.echo',
      payload: {},
      priority: 'normal',
      delay: 0,
    });
  });

  it('takes the priority of a type that is known, but not its attempts, which may change until the job runs', () => {
    const type = { settings: { ...TYPE_DEFAULTS, priority: 'high', attempts: 7 } } as PublishedType;
    const job = toCreateJob(createJobSchema.parse({ type: 'example.echo' }), type);
    expect(job).toEqual({ type: 'example.echo', payload: {}, priority: 'high', delay: 0 });
  });

  it('keeps attempts and priority that the request gives', () => {
    expect(create({ attempts: 2, priority: 'low' })).toMatchObject({ attempts: 2, priority: 'low' });
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
