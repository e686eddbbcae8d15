import type { DatabasePart } from '#libs/sql';
import { Task, TaskStart } from './task.entity.js';
import { AddTaskRequests1780000000700, CreateTasks1780000000200 } from './task.migrations.js';

/** What tasks keep in the database. */
export const TASK_PART: DatabasePart = {
  name: 'tasks',
  entities: [Task, TaskStart],
  migrations: [CreateTasks1780000000200, AddTaskRequests1780000000700],
};
