import { TaskJobs } from './task-jobs.js';
import { TaskKeeper } from './task-keeper.js';
import { TaskRows } from './task-rows.js';
import { TaskRuns } from './task-runs.js';
import { TaskSchedules } from './task-schedules.js';
import { TaskService } from './task-service.js';

/** What tasks need beside their controller. */
export const TASK_PROVIDERS = [TaskRows, TaskSchedules, TaskJobs, TaskRuns, TaskService, TaskKeeper] as const;
