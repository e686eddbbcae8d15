import { createJobSchema, listJobsSchema } from '#libs/contracts';
import { InvalidRequestError } from './api-errors.js';
import { ValidationPipe } from './validation.pipe.js';

const pipe = new ValidationPipe();

const validate = (value: unknown, schema: typeof createJobSchema | typeof listJobsSchema = createJobSchema) =>
  pipe.transform(value, { type: 'body', schema });

async function errorsOf(value: unknown, schema?: typeof createJobSchema | typeof listJobsSchema) {
  const error = await validate(value, schema).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InvalidRequestError);
  return (error as InvalidRequestError).errors;
}

const pathsOf = async (value: unknown, schema?: typeof listJobsSchema) =>
  (await errorsOf(value, schema)).map(({ path }) => path);

describe('ValidationPipe', () => {
  it('names each field that is wrong', async () => {
    expect(await pathsOf({ type: '', delay: '5', attempts: 0, priority: 'urgent' })).toEqual([
      'type',
      'priority',
      'delay',
      'attempts',
    ]);
  });

  it('names each field it does not know, even one that every object has', async () => {
    const body = JSON.parse('{"type":"x","prioritty":"high","__proto__":{},"constructor":1}') as object;
    expect(await errorsOf(body)).toEqual([
      { path: 'prioritty', message: 'unknown field' },
      { path: '__proto__', message: 'unknown field' },
      { path: 'constructor', message: 'unknown field' },
    ]);
  });

  it('keeps keys of a payload that every object has, and changes no prototype', async () => {
    const json = '{"__proto__":{"polluted":true},"constructor":{"prototype":1}}';
    const { payload } = (await validate({ type: 'x', payload: JSON.parse(json) as object })) as {
      payload: object;
    };
    expect(JSON.stringify(payload)).toBe(json);
    expect({}).not.toHaveProperty('polluted');
  });

  it.each([undefined, null, [], 'text', 7])('refuses the body %j as a whole', async (body) => {
    expect(await pathsOf(body)).toEqual(['']);
  });

  it('names fifty errors at most, and no name at full length', async () => {
    const body = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`${n}${'x'.repeat(10_000)}`, 1]));
    const errors = await errorsOf({ type: 'x', ...body });
    expect(errors).toHaveLength(50);
    expect(JSON.stringify(errors).length).toBeLessThan(10_000);
  });

  it('reads numbers in a query', async () => {
    expect(await validate({ page: '2', pageSize: '100' }, listJobsSchema)).toEqual({
      page: 2,
      pageSize: 100,
    });
    expect(await validate({}, listJobsSchema)).toEqual({});
  });

  it.each([
    [{ page: '0' }, 'page'],
    [{ page: '1.5' }, 'page'],
    [{ page: '' }, 'page'],
    [{ page: '10000001' }, 'page'],
    [{ page: ['1', '2'] }, 'page'],
    [{ pageSize: '101' }, 'pageSize'],
    [{ pageSize: 'all' }, 'pageSize'],
    [{ status: 'done' }, 'status'],
    [{ type: '' }, 'type'],
    [{ pagesize: '5' }, 'pagesize'],
  ])('refuses the query %j', async (query, path) => {
    expect(await pathsOf(query, listJobsSchema)).toEqual([path]);
  });
});
