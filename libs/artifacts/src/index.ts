export * from './artifact.js';
export * from './errors.js';
export * from './names.js';
export * from './folder-artifacts.js';
