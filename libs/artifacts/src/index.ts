export * from './artifact.js';
export * from './errors.js';
export * from './names.js';
export * from './folder-artifacts.js';
export { artifactFolder } from './queue-folder.js';
export type { SweepOptions, SweepResult } from './sweep.js';
