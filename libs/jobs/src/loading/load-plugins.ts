import { PluginNotLoadedError, PluginWithoutModuleError } from './errors.js';
import { pluginModules, type PluginModule } from './plugin-modules.js';
import { pluginUrl } from './plugin-url.js';

type Exports = Readonly<Record<string, unknown>>;

/**
 * Imports plugins by name and gives their Nest modules, in order, each once.
 *
 * @param names names of packages, found as an `import` in a file of `directory` would find them, or paths: absolute,
 *   or from `directory` when they start with a dot.
 * @param directory an absolute path; of a worker, where it was started.
 * @throws {PluginNotFoundError} {@link PluginNotLoadedError} {@link PluginWithoutModuleError}
 */
export async function loadPlugins(
  names: readonly string[],
  directory: string,
  load: (url: string) => Promise<Exports> = (url) => import(url) as Promise<Exports>,
): Promise<PluginModule[]> {
  const modules = new Set<PluginModule>();
  for (const name of names) {
    const url = await pluginUrl(name, directory);
    const exported = await load(url).catch((error: unknown) => {
      throw new PluginNotLoadedError(name, error, url);
    });
    const found = pluginModules(exported);
    if (found.length === 0) throw new PluginWithoutModuleError(name, Object.keys(exported));
    for (const module of found) modules.add(module);
  }
  return [...modules];
}
