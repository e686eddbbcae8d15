export { FakeArtifacts, FakeServices, fakePorts } from './fakes.js';
export { runHandler, type HandlerRun, type RunHandlerOptions } from './run-handler.js';
