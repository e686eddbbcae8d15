import { FlowWriter } from './flows/create-flow.js';
import { FlowTree } from './flows/flow-tree.js';
import { FlowsController } from './flows/flows.controller.js';
import { EndsCounter } from './queues/ends-counter.js';
import { QueueViews } from './queues/queue-views.js';
import { QueuesController } from './queues/queues.controller.js';
import { KnownQueues } from './redis/known-queues.js';
import { ScheduleCreator } from './schedules/create-schedule.js';
import { ScheduleWriter } from './schedules/put-schedule.js';
import { ScheduleStore } from './schedules/schedule-store.js';
import { SchedulesController } from './schedules/schedules.controller.js';
import { TypesOfQueue } from './types/types-of-queue.js';
import { WorkerViews } from './workers/worker-views.js';
import { WorkersController } from './workers/workers.controller.js';

/** REST of what runs jobs, and when: flows, schedules, queues, workers. */
export const OPERATIONS = {
  controllers: [QueuesController, FlowsController, SchedulesController, WorkersController],
  providers: [
    KnownQueues,
    TypesOfQueue,
    WorkerViews,
    QueueViews,
    EndsCounter,
    FlowWriter,
    FlowTree,
    ScheduleStore,
    ScheduleWriter,
    ScheduleCreator,
  ],
};
