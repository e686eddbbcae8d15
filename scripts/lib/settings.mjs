import { pathToFileURL } from 'node:url';
import { UserError } from './messages.mjs';
import { inRoot } from './paths.mjs';

/** Checks the settings as the programs will, once for all of them. Needs the build. */
export async function checkSettings(env) {
  const { loadSettings } = await import(pathToFileURL(inRoot('dist/libs/contracts/src/index.js')).href);
  try {
    return loadSettings(env);
  } catch (error) {
    throw error.problems ? new UserError(...error.problems) : error;
  }
}
