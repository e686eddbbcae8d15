/** What the files of a job import the library as: in this repository, and in a package that has it installed. */
const LIBRARY = {
  ours: { jobs: '../../framework/index.js', testing: '#libs/jobs/testing' },
  others: { jobs: 'drover/jobs', testing: 'drover/jobs/testing' },
};

/**
 * The files of a new job type, by name.
 *
 * @param names see `namesOf`
 * @param options.isOurs whether it is a plugin of this repository
 * @param options.batch whether one call does many jobs
 * @param options.schedule text of the schedule's option, if it has one
 */
export function jobFiles(names, { isOurs, batch, schedule }) {
  const library = isOurs ? LIBRARY.ours : LIBRARY.others;
  return {
    [`${names.file}.schema.ts`]: schemaFile(names),
    [`${names.file}.handler.ts`]: handlerFile(names, library, { batch, schedule }),
    [`${names.file}.plugin.ts`]: pluginFile(names),
    [`${names.file}.spec.ts`]: batch ? batchSpecFile(names, library) : specFile(names, library),
  };
}

const schemaFile = ({ pascal, camel }) => `import { z } from 'zod';

/** What a producer gives. The descriptions are shown where jobs are added. */
export const ${camel}Payload = z.object({
  name: z.string().min(1).describe('Who is greeted'),
});

/** What comes back. */
export const ${camel}Result = z.object({
  greeting: z.string(),
});

export type ${pascal}Payload = z.infer<typeof ${camel}Payload>;
export type ${pascal}Result = z.infer<typeof ${camel}Result>;
`;

function handlerFile(names, library, { batch, schedule }) {
  const { type, pascal, camel, file } = names;
  const used = batch
    ? 'JobHandler, type BatchItem, type BatchJobHandler, type BatchResults'
    : 'JobHandler, type JobContext';
  const options = [
    `type: '${type}'`,
    `description: 'Greets somebody.'`,
    `payload: ${camel}Payload`,
    `result: ${camel}Result`,
    `examples: [{ title: 'Ada', payload: { name: 'Ada' } }]`,
    ...(batch ? ['batch: { size: 10 }'] : []),
    ...(schedule ? [`schedule: { ${schedule}, payload: { name: 'Ada' } }`] : []),
  ];
  return `import { ${used} } from '${library.jobs}';
import {
  ${camel}Payload,
  ${camel}Result,
  type ${pascal}Payload,
  type ${pascal}Result,
} from './${file}.schema.js';

@JobHandler({
${options.map((option) => `  ${option},\n`).join('')}})
${batch ? batchClass(names) : singleClass(names)}`;
}

const singleClass = ({ pascal }) => `export class ${pascal}Handler
  implements JobHandler<${pascal}Payload, ${pascal}Result>
{
  async run({ name }: ${pascal}Payload, { log }: JobContext): Promise<${pascal}Result> {
    await log(\`greeting \${name}\`);
    return { greeting: \`Hello, \${name}\` };
  }
}
`;

const batchClass = ({ pascal }) => `export class ${pascal}Handler
  implements BatchJobHandler<${pascal}Payload, ${pascal}Result>
{
  async runBatch(items: readonly BatchItem<${pascal}Payload>[]): Promise<BatchResults<${pascal}Result>> {
    // One entry for each item, in their order: { result } or { error }.
    return items.map(({ payload }) => ({ result: { greeting: \`Hello, \${payload.name}\` } }));
  }
}
`;

const pluginFile = ({ pascal, file }) => `import { Module } from '@nestjs/common';
import { ${pascal}Handler } from './${file}.handler.js';

/** Handlers, and what they inject, are its providers; a worker that imports it runs their jobs. */
@Module({ providers: [${pascal}Handler] })
export class ${pascal}Plugin {}
`;

const specFile = ({ type, pascal, file }, library) => `import { runHandler } from '${library.testing}';
import { ${pascal}Handler } from './${file}.handler.js';

describe('${type}', () => {
  it('greets', async () => {
    const run = await runHandler(${pascal}Handler, { payload: { name: 'Ada' } });
    expect(run.result).toEqual({ greeting: 'Hello, Ada' });
    expect(run.logs).toEqual(['greeting Ada']);
  });

  it('fails for good without a name', async () => {
    const run = await runHandler(${pascal}Handler, { payload: {} });
    expect(run.error).toMatchObject({ code: 'PAYLOAD_MISMATCH' });
    expect(run.outcome).toMatchObject({ kind: 'failed', retry: false });
  });
});
`;

const batchSpecFile = ({ type, pascal, file }, library) => `import type { JobContext } from '${library.jobs}';
import { runHandler } from '${library.testing}';
import { ${pascal}Handler } from './${file}.handler.js';

describe('${type}', () => {
  it('greets everybody in one call', async () => {
    const items = ['Ada', 'Grace'].map((name) => ({ payload: { name }, context: {} as JobContext }));
    expect(await new ${pascal}Handler().runBatch(items)).toEqual([
      { result: { greeting: 'Hello, Ada' } },
      { result: { greeting: 'Hello, Grace' } },
    ]);
  });

  it('fails for good without a name', async () => {
    const run = await runHandler(${pascal}Handler, { payload: {} });
    expect(run.error).toMatchObject({ code: 'PAYLOAD_MISMATCH' });
  });
});
`;
