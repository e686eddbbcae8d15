import { parseArgs } from 'node:util';
import { UserError } from '../../scripts/lib/messages.mjs';
import { CASES } from '../cases/index.mjs';
import { PEERS } from '../peers/index.mjs';
import { SMOKE_SCALE, smokeCases } from './smoke.mjs';

export const HELP = `npm run bench [-- options]
  --rounds <n>      rounds of each case (5)
  --scale <factor>  multiplies the numbers of jobs (1)
  --only <a,b>      cases, or the beginnings of their names: ${CASES.map(({ name }) => name).join(', ')}
  --peers <a,b>     ${PEERS.map(({ name }) => name).join(', ')}
  --smoke           one round of each case with few jobs: is every job run exactly once?
  --no-write        no files in bench/results
  --help`;

const OPTIONS = {
  rounds: { type: 'string' },
  scale: { type: 'string' },
  only: { type: 'string' },
  peers: { type: 'string' },
  smoke: { type: 'boolean', default: false },
  'no-write': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
};

/**
 * What the command line asks for.
 * @throws {UserError} for an option, a case or a peer that does not exist
 */
export function readArguments(args) {
  const values = parse(args);
  return {
    help: values.help,
    smoke: values.smoke,
    rounds: number('--rounds', values.rounds ?? (values.smoke ? '1' : '5'), Number.isInteger),
    scale: number('--scale', values.scale ?? (values.smoke ? String(SMOKE_SCALE) : '1'), Number.isFinite),
    cases: values.smoke
      ? smokeCases(chosen('--only', values.only, CASES))
      : chosen('--only', values.only, CASES),
    peers: chosen('--peers', values.peers, PEERS),
    write: !values['no-write'] && !values.smoke,
  };
}

function parse(args) {
  try {
    return parseArgs({ args, options: OPTIONS }).values;
  } catch (error) {
    throw new UserError(error.message, HELP);
  }
}

function number(option, text, isRight) {
  const value = Number(text);
  if (!isRight(value) || value <= 0)
    throw new UserError(`${option} is not a number that makes sense: ${text}`);
  return value;
}

/** The entries whose names are given; an exact name wins over a beginning. */
function chosen(option, text, all) {
  if (text === undefined) return all;
  const wanted = text.split(',').flatMap((word) => {
    const exact = all.filter(({ name }) => name === word);
    const found = exact.length > 0 ? exact : all.filter(({ name }) => name.startsWith(word));
    if (found.length === 0) {
      throw new UserError(
        `${option}: there is no "${word}"; there are ${all.map(({ name }) => name).join(', ')}`,
      );
    }
    return found;
  });
  return all.filter((entry) => wanted.includes(entry));
}
