export { STOP_REASONS } from './abort-scope.js';
export * from './context.js';
export * from './errors.js';
export { HandlerExplorer } from './explorer.js';
export * from './job-handler.js';
export * from './jobs.module.js';
export type { Outcome } from './outcome.js';
export * from './registry.js';
export * from './runner.js';
