import type { TaskView } from '#libs/contracts';
import type { Task } from './task.entity.js';
import type { TaskFacts } from './task-runs.js';

/** A task as people and other programs read it. */
export function toTaskView(task: Task, { status, nextRunAt }: TaskFacts): TaskView {
  const { lastJobId, lastJobQueue, lastJobAt } = task;
  return {
    id: task.id,
    version: task.version,
    name: task.name,
    description: task.description,
    type: task.type,
    payload: JSON.parse(task.payload) as unknown,
    priority: task.priority ?? undefined,
    attempts: task.attempts ?? undefined,
    delay: task.delay,
    timeout: task.timeout ?? undefined,
    queue: task.queue ?? undefined,
    schedule: task.schedule ?? undefined,
    paused: task.paused,
    status,
    creator: task.creator,
    lastJob:
      lastJobId === null || lastJobQueue === null || lastJobAt === null
        ? undefined
        : { id: lastJobId, queue: lastJobQueue, startedAt: lastJobAt.toISOString() },
    nextRunAt: nextRunAt === undefined ? undefined : new Date(nextRunAt).toISOString(),
    createdAt: task.createdAt.toISOString(),
    updatedAt: task.updatedAt.toISOString(),
  };
}
