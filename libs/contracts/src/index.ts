export * from './errors.js';
export * from './events.js';
export * from './job-status.js';
export * from './job-view.js';
export * from './priority.js';
export * from './rest/index.js';
export * from './settings.js';
export * from './types/index.js';
