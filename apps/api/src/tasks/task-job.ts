import { REST_DEFAULTS, type LiveType } from '#libs/contracts';
import type { CreateJob } from '#libs/queue';
import type { Task } from './task.entity.js';

/** The job that a task stands for. @param type what live workers publish of its type, if any. */
export function jobOf(task: Task, type: LiveType | undefined): CreateJob {
  return {
    type: task.type,
    payload: JSON.parse(task.payload) as unknown,
    priority: task.priority ?? type?.settings.priority ?? REST_DEFAULTS.priority,
    ...(task.attempts !== null && { attempts: task.attempts }),
    ...(task.timeout !== null && { timeout: task.timeout }),
    creator: task.creator,
    task: task.id,
  };
}
