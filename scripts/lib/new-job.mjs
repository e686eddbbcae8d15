import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { registered } from './bundled-plugins.mjs';
import { namesOf, scheduleOf } from './job-names.mjs';
import { jobFiles } from './job-templates.mjs';
import { UserError, say } from './messages.mjs';
import { inRoot } from './paths.mjs';

const USAGE = 'npm run new:job -- <type> [--dir <folder>] [--batch] [--schedule <5m or "0 7 * * *">]';
const PLUGINS = join('libs', 'jobs', 'src', 'plugins');
const BUNDLED = join(PLUGINS, 'bundled.ts');

/** `npm run new:job`: writes a handler, its schemas, its module and a test. Nothing is written unless all of it can be. */
export async function newJob(args) {
  const { type, dir, batch, schedule } = options(args);
  const names = namesOf(type);
  const isOurs = dir === undefined;
  const folder = isOurs ? inRoot(PLUGINS, names.file) : dir;
  const texts = jobFiles(names, { isOurs, batch, schedule });
  refuseTaken(type, isOurs ? inRoot(PLUGINS) : folder);
  refuseExisting(folder, Object.keys(texts), isOurs);
  const list = isOurs && registered(readFileSync(inRoot(BUNDLED), 'utf8'), names);
  const files = await formatted(folder, texts);
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { flag: 'wx' });
  if (list) writeFileSync(inRoot(BUNDLED), list);
  tell(names, folder, Object.keys(files), isOurs);
  return 0;
}

function options(args) {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: { dir: { type: 'string' }, batch: { type: 'boolean' }, schedule: { type: 'string' } },
    });
  } catch (error) {
    throw new UserError(error.message, `usage: ${USAGE}`);
  }
  const { values, positionals } = parsed;
  if (positionals.length !== 1)
    throw new UserError('give one job type, such as mail.digest', `usage: ${USAGE}`);
  if (values.dir === '') throw new UserError('--dir needs a folder', `usage: ${USAGE}`);
  return {
    type: positionals[0],
    // npm runs us in the project's folder, wherever the command was typed.
    dir: values.dir && resolve(process.env.INIT_CWD ?? process.cwd(), values.dir),
    batch: values.batch ?? false,
    schedule: values.schedule === undefined ? undefined : scheduleOf(values.schedule),
  };
}

/** The files as the formatter wants them there; as they are where it is not installed. */
async function formatted(folder, files) {
  const prettier = await import('prettier').catch(() => undefined);
  if (!prettier) return files;
  const style = async (name) =>
    (await prettier.resolveConfig(join(folder, name))) ??
    (await prettier.resolveConfig(inRoot('package.json')));
  const format = async ([name, text]) => [
    name,
    await prettier.format(text, { ...(await style(name)), parser: 'typescript' }),
  ];
  return Object.fromEntries(await Promise.all(Object.entries(files).map(format)));
}

/** A worker refuses two handlers of one type: better now than then. */
function refuseTaken(type, folder) {
  if (!existsSync(folder)) return;
  const declared = new RegExp(`\\btype: ['"\`]${type.replaceAll('.', '\\.')}['"\`]`);
  const handlers = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .filter((file) => !file.split(sep).includes('node_modules'));
  for (const file of handlers) {
    if (declared.test(readFileSync(join(folder, file), 'utf8')))
      throw new UserError(`job type ${type} is taken: ${shown(join(folder, file))} has it`);
  }
}

function refuseExisting(folder, files, isOurs) {
  if (isOurs && existsSync(folder))
    throw new UserError(`${shown(folder)} is there already: choose another type, or take it away`);
  const [existing] = files.filter((name) => existsSync(join(folder, name)));
  if (existing) throw new UserError(`${shown(join(folder, existing))} is there already: nothing was written`);
}

const shown = (path) => {
  const fromHere = relative(inRoot(), path);
  return fromHere.startsWith('..') ? path : fromHere;
};

function tell({ type, file }, folder, files, isOurs) {
  say(`Job type ${type}:`);
  for (const name of files) say(`  ${shown(join(folder, name))}`);
  if (isOurs) {
    say(`and a line in ${BUNDLED}, so that every worker has it.`);
    say(`Its test: npx jest ${shown(folder)}`);
  } else {
    say(
      `When it is compiled, a worker has it with DROVER_PLUGINS=./<folder of the output>/${file}.plugin.js`,
    );
    say('Its test needs jest, @types/jest and @nestjs/testing: docs/jobs.md, "The generator".');
  }
  say('What else there is for a job: docs/jobs.md');
}
