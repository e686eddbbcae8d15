export * from './framework/index.js';
export { ExamplePlugin } from './plugins/example/example.plugin.js';
export * from './processing/index.js';
