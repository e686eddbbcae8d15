export { createBackend, createBackendFactory, DroverBackend } from './backend/drover-backend.js';
export { EventFeed, type EventBatch, type JobSnapshot, type QueueEvent } from './backend/event-feed.js';
export type { EndRules } from './backend/endings.js';
export { DEFAULT_PREFIX, QueueKeys } from './backend/keys.js';
export { MAX_DELAY_MS, resolveStoreOptions, type StoreOptions } from './backend/store-options.js';
export * from './errors/index.js';
export * from './errors/batches.js';
export { QueueModule, type QueueModuleAsyncOptions, type QueueModuleOptions } from './nest/queue.module.js';
export { Reconciler, type ReconcilerOptions } from './reconcile/reconciler.js';
export type { JobUpdate } from './service/job-changes.js';
export type { JobCounts } from './service/job-counts.js';
export type { WhyWaiting } from './service/job-reasons.js';
export type { FoundJob, JobFilter, JobPlace, SearchPiece } from './service/job-search.js';
export { JobStore, type JobPage, type JobPart } from './service/job-store.js';
export type { ActionOutcome, ManyAction } from './service/many-actions.js';
export {
  MAX_JOBS_TOGETHER,
  type ManyJobsAdded,
  type ManyJobsEntry,
  type ManyJobsOptions,
} from './service/many-jobs.js';
export type { NewSchedulerOptions } from './backend/schedulers.js';
export type { FlowRootOptions } from './backend/flows.js';
export { CHILD_KINDS, type ChildKind } from './backend/flow-queries.js';
export type { StoredJob } from './backend/reading.js';
export type { CleanState } from './backend/maintenance.js';
export { groupDeadLetters, type DeadLetterGroup } from './service/dead-letter-groups.js';
export {
  DeadLetters,
  type DeadLetterChoice,
  type DeadLetterPlace,
  type Taken,
} from './service/dead-letters.js';
export { jobOptions, type JobTraits, type TraitOptions } from './service/job-options.js';
export { JobViews } from './service/job-views.js';
export { attemptsOf } from './service/job-view.js';
export { QueueInspector, type QueueLimitsInForce } from './service/queue-inspector.js';
export {
  BatchStore,
  MAX_BATCH_JOBS,
  type BatchPlace,
  type BatchQuery,
  type CreateBatch,
} from './service/batch-store.js';
export { toNewJob, type CreateJob } from './service/create-job.js';
export type { JobDocument, JobInput } from './service/job-document.js';
export { toJobView } from './service/job-view.js';
export { EventWaiter } from './service/event-waiter.js';
export type { ListQuery } from './service/job-list.js';
export { LOG_PREFIX, silentLogger, type QueueLogger } from './service/logger.js';
export type { QueueServiceOptions } from './service/options.js';
export { isConnectionTrouble, logOutages } from './service/outage-log.js';
export { QueueService, type QueueStats } from './service/queue-service.js';
export type { StoreHealth } from './service/store-health.js';
export { Subscription } from './service/subscription.js';
export { TypeView } from './types/live-types.js';
export { fitsSchema, validatorOf } from './types/payload-schemas.js';
export { DeclaredTypes, type TypeRule } from './types/declared-types.js';
export { PUBLISHED_TTL_MS, TypeCatalog } from './types/type-catalog.js';
export { TypeQueues, type FindHandler, type TypeQueuesOptions } from './types/type-queues.js';
export { TypeMetrics } from './types/type-metrics.js';
export { healthOf, type HealthFacts } from './types/type-health.js';
export { TypeLimits, type TypeLimit } from './types/type-limits.js';
export { compareVersions } from './types/versions.js';
export { switchType } from './types/type-switch.js';
export { WorkerFleet, type Heartbeat } from './workers/worker-fleet.js';
export { DrainOrders, type DrainOrder } from './workers/drain-orders.js';
