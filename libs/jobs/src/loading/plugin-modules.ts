import 'reflect-metadata';
import type { DynamicModule, Type } from '@nestjs/common';

/** What a worker can import: a class decorated with `@Module`, or what its `forRoot()` gives. */
export type PluginModule = Type | DynamicModule;

type Exports = Readonly<Record<string, unknown>>;

/** What `@Module` notes on a class. */
const NOTED = ['imports', 'providers', 'controllers', 'exports'];

/**
 * The Nest modules of a plugin: its default export when that is one or a list of them, else every
 * export that is one. Each is given once, in order of the names it is exported by.
 */
export function pluginModules(exported: Exports): PluginModule[] {
  const given = exported['default'];
  // A CommonJS file compiled from an `export default`: Node gives the whole of it as its default.
  if ((given as { __esModule?: unknown } | null | undefined)?.__esModule)
    return pluginModules({ ...(given as Exports) });
  const named = [given].flat().filter(isModule);
  const all = named.length > 0 ? named : Object.values(exported).filter(isModule);
  return [...new Set(all)];
}

function isModule(value: unknown): value is PluginModule {
  if (typeof value === 'function') return NOTED.some((key) => Reflect.hasOwnMetadata(key, value));
  return typeof value === 'object' && value !== null && typeof (value as DynamicModule).module === 'function';
}
