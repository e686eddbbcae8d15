export * from './errors.js';
export { loadPlugins } from './load-plugins.js';
export type { PluginModule } from './plugin-modules.js';
