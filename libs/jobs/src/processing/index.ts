export { backoffStrategy } from './apply-settings.js';
export { endRules } from './end-rules.js';
export { OtherQueues } from './other-queues.js';
export { JobProcessor, type RunningJobs } from './processor.js';
export { QueueServices, type OpenQueue, type OtherQueue } from './queue-services.js';
export { RedisRunnerPorts } from './runner-ports.js';
export { QueueWorker } from './queue-worker.js';
export { applySchedules, schedulerOf } from './schedules.js';
