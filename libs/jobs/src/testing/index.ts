export { JobNotEndedError } from './bench/errors.js';
export {
  startTestWorker,
  TestWorker,
  type FinishedJob,
  type TestJobOptions,
  type TestWorkerOptions,
} from './bench/test-worker.js';
export { FakeArtifacts, FakeServices, fakePorts } from './fakes.js';
export { runHandler, type HandlerRun, type RunHandlerOptions } from './run-handler.js';
