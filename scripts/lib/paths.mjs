import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder, wherever the command was typed. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

export const inRoot = (...parts) => join(root, ...parts);

/** Where data is kept: DATA_DIR, seen from the project's folder. */
export const dataDir = (env = process.env) => resolve(root, env.DATA_DIR || '.data');

/** Reads `.env` if there is one; what is set in the real environment wins. */
export function loadEnvFile() {
  if (existsSync(inRoot('.env'))) process.loadEnvFile(inRoot('.env'));
}
