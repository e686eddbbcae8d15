import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { PluginNotFoundError, PluginNotLoadedError } from './errors.js';

const execute = promisify(execFile);

/** Looks for one package from the working directory, and writes where it is, or why it is nowhere. */
const LOOK = `
let answer;
try { answer = { url: import.meta.resolve(process.argv[1]) }; }
catch ({ code, message }) { answer = { code, message }; }
process.stdout.write(JSON.stringify(answer));`;

/**
 * Where a plugin's file is.
 *
 * @param name a package, found as an `import` in a file of `directory` would find it, or a path: absolute, or
 *   from `directory` when it starts with a dot.
 * @throws {PluginNotFoundError} when there is none; {PluginNotLoadedError} when a package is there but has nothing to import.
 */
export async function pluginUrl(name: string, directory: string): Promise<string> {
  if (!name.startsWith('.') && !isAbsolute(name)) return packageUrl(name, directory);
  const path = resolve(directory, name);
  if (!existsSync(path)) throw new PluginNotFoundError(name, `there is no file ${path}`);
  return pathToFileURL(path).href;
}

/**
 * Node resolves an import from the file it stands in, which here is one of Drover's, installed or linked anywhere.
 * From another folder it does so only for a program that starts there.
 */
async function packageUrl(name: string, directory: string): Promise<string> {
  const program = ['--input-type=module', '--eval', LOOK, '--', name];
  const { stdout } = await execute(process.execPath, program, { cwd: directory });
  const { url, code, message } = JSON.parse(stdout) as { url?: string; code?: string; message?: string };
  if (url !== undefined) return url;
  if (code !== 'ERR_MODULE_NOT_FOUND') throw new PluginNotLoadedError(name, new Error(message));
  throw new PluginNotFoundError(
    name,
    `no package of this name is installed for ${directory}; a file of your own is written as ./${name}`,
  );
}
