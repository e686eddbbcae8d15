import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type {
  JobView,
  ListTasksQuery,
  StoppedTask,
  TaskDetails,
  TaskExecution,
  TaskView,
  ValidCreateTaskRequest,
  ValidEditTaskRequest,
} from '#libs/contracts';
import { IdempotencyKeyReusedError, JobNotFoundError, JobStateError } from '#libs/queue';
import type { Caller } from '../access/caller.js';
import { addJob } from '../jobs/add-job.js';
import { toCreateJob } from '../jobs/create-job.js';
import { JobTargets } from '../jobs/job-targets.js';
import { JobStores } from '../redis/job-stores.js';
import { checkPayload } from '../types/check-payload.js';
import { TaskStateError } from './task-errors.js';
import { jobOf } from './task-job.js';
import { taskRequest } from './task-request.js';
import { TaskRows, type TaskDefinition, type TaskPlace } from './task-rows.js';
import { STATUS_OF, TaskRuns } from './task-runs.js';
import { TaskSchedules } from './task-schedules.js';
import { toTaskView } from './task-view.js';
import type { Task } from './task.entity.js';

/** Tasks looked at in one request for a filter by status, which the database does not know. */
const MOST_LOOKED_AT = 500;
const CHUNK = 50;
/** Runs that a stop looks at. */
const STOPPED_RUNS = 100;

/** Somebody who is limited to own jobs has own tasks only. */
const creatorFor = (caller: Caller) => (caller.isLimitedToOwn ? caller.name : undefined);

/** A key belongs to a task and a caller: the same text of others stands for another start. */
const keyOf = (id: string, caller: Caller, key: string) =>
  createHash('sha256')
    .update(JSON.stringify([id, caller.name, key]))
    .digest('base64url');

/** What people do with tasks. All that names a task throws {@link TaskNotFoundError} for one that the caller may not see. */
@Injectable()
export class TaskService {
  constructor(
    private readonly rows: TaskRows,
    private readonly schedules: TaskSchedules,
    private readonly runs: TaskRuns,
    private readonly targets: JobTargets,
    private readonly stores: JobStores,
  ) {}

  /**
   * Saves a task; with a key only once for that key and caller, as long as the task is kept.
   *
   * @returns the task; `created` is false when an earlier request with the key saved it.
   * @throws {IdempotencyKeyReusedError}
   */
  async create(
    request: ValidCreateTaskRequest,
    caller: Caller,
    key: string | undefined,
  ): Promise<{ task: TaskView; created: boolean }> {
    const { payload = {}, priority = null, attempts = null, timeout = null, delay = 0 } = request;
    const { name, description, type, queue = null, schedule = null } = request;
    const definition: TaskDefinition = {
      ...{ name, description, type, priority, attempts, timeout, delay, queue, schedule },
      payload: JSON.stringify(payload),
    };
    await this.check(definition);
    const once = key === undefined ? undefined : taskRequest(key, caller.name, request);
    const apply = (task: Task) => this.schedules.apply(task);
    const made = await this.rows.create(definition, caller.name, once, apply);
    if (made) return { task: await this.view(made), created: true };
    const known = await this.rows.get(once?.id ?? '', caller.name);
    if (known.request !== once?.fingerprint) throw new IdempotencyKeyReusedError(key ?? '');
    return { task: await this.view(known), created: false };
  }

  async edit(id: string, { version, ...request }: ValidEditTaskRequest, caller: Caller): Promise<TaskView> {
    const { payload, ...fields } = request;
    const changes: Partial<Task> = Object.fromEntries(
      Object.entries({
        ...fields,
        payload: payload === undefined ? undefined : JSON.stringify(payload),
      }).filter(([, value]) => value !== undefined),
    );
    const task = await this.rows.change(
      id,
      creatorFor(caller),
      version,
      () => changes,
      async (changed) => {
        await this.check(changed);
        await this.schedules.apply(changed);
      },
    );
    return this.view(task);
  }

  async list(
    query: ListTasksQuery,
    caller: Caller,
    behind?: TaskPlace,
  ): Promise<{ items: TaskView[]; next?: TaskPlace }> {
    const { limit, status, sort } = query;
    const items: TaskView[] = [];
    let place = behind;
    for (let looked = 0; looked < MOST_LOOKED_AT; looked += CHUNK) {
      const size = status === undefined ? limit + 1 : CHUNK;
      const tasks = await this.rows.list(query, creatorFor(caller), place, size);
      for (const task of tasks) {
        if (items.length === limit) return { items, ...(place && { next: place }) };
        const view = await this.view(task);
        if (status === undefined || view.status === status) items.push(view);
        place = this.rows.placeOf(task, sort);
      }
      if (tasks.length < size) return { items };
    }
    return { items, ...(place && { next: place }) };
  }

  async show(id: string, caller: Caller): Promise<TaskDetails> {
    const task = await this.rows.get(id, creatorFor(caller));
    return { ...(await this.view(task)), runs: await this.runs.list(task) };
  }

  /**
   * Adds a job of the task; with a key, only once for that key.
   *
   * @throws {TaskStateError} when it is paused.
   */
  async start(
    id: string,
    caller: Caller,
    key: string | undefined,
  ): Promise<{ job: JobView; queue: string; created: boolean }> {
    const task = await this.rows.get(id, creatorFor(caller));
    if (task.paused) throw new TaskStateError(id, 'paused', 'resume it before it is started');
    const { queue, type } = await this.check(task);
    const { job, created } = await addJob(
      this.stores.of(queue),
      // It is the job of the task's owner, whoever starts it: that caller may look at it and stop it.
      { ...jobOf(task, type), delay: task.delay },
      key === undefined ? undefined : keyOf(id, caller, key),
    );
    if (created) await this.rows.noteStart(task, job.id, queue, new Date(job.createdAt), caller.name);
    return { job, queue, created };
  }

  /** {@link start}, answered with what that job is at; with a key that was used, the job of the first request. */
  async execute(id: string, caller: Caller, key: string | undefined): Promise<TaskExecution> {
    const { job, queue } = await this.start(id, caller, key);
    return { taskId: id, status: STATUS_OF[job.status], jobId: job.id, queue, job };
  }

  async execution(id: string, caller: Caller): Promise<TaskExecution> {
    const task = await this.rows.get(id, creatorFor(caller));
    const { status } = await this.runs.factsOf(task);
    const last = await this.runs.last(task);
    return { taskId: id, status, ...(last && { jobId: last.jobId, queue: last.queue, job: last.job }) };
  }

  /** Pauses a task, or lets it go on: while it is paused neither its schedule nor anybody starts it. Doing it again changes nothing. */
  async pause(id: string, paused: boolean, caller: Caller): Promise<TaskView> {
    const task = await this.rows.get(id, creatorFor(caller));
    if (task.paused === paused) return this.view(task);
    const change = () => ({ paused });
    return this.view(
      await this.rows.change(id, creatorFor(caller), undefined, change, (changed) =>
        this.schedules.apply(changed),
      ),
    );
  }

  /** Cancels its jobs that have not ended; handlers that run are told. */
  async stop(id: string, caller: Caller): Promise<StoppedTask> {
    const task = await this.rows.get(id, creatorFor(caller));
    const cancelled: string[] = [];
    for (const { jobId, queue, job } of await this.runs.list(task, STOPPED_RUNS)) {
      if (job?.status !== 'pending' && job?.status !== 'running') continue;
      try {
        await this.stores.of(queue).cancel(jobId);
        cancelled.push(jobId);
      } catch (error) {
        // It has ended meanwhile.
        if (!(error instanceof JobStateError || error instanceof JobNotFoundError)) throw error;
      }
    }
    return { task: await this.view(await this.rows.get(id, creatorFor(caller))), cancelled };
  }

  /** Deletes the definition and its schedule; jobs under way go on. */
  remove(id: string, caller: Caller): Promise<void> {
    return this.rows.remove(id, creatorFor(caller), (task) => this.schedules.remove(task));
  }

  private async view(task: Task): Promise<TaskView> {
    return toTaskView(task, await this.runs.factsOf(task));
  }

  /** Where the task's jobs go. @throws {InvalidRequestError}, {BodyTooLargeError} for a payload that its type does not take. */
  private async check(task: TaskDefinition) {
    const target = await this.targets.find(task.type, task.queue ?? undefined);
    const { payload } = toCreateJob(
      { type: task.type, payload: JSON.parse(task.payload) as unknown, delay: 0 },
      target.type,
    );
    if (target.type) checkPayload(target.type, payload);
    return target;
  }
}
