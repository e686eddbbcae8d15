import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { ListTasksQuery, TaskSort } from '#libs/contracts';
import { TaskNotFoundError, TaskVersionError } from './task-errors.js';
import type { TaskRequest } from './task-request.js';
import { Task, TaskStart } from './task.entity.js';

/** What a task is made of; the rest is kept by {@link TaskRows}. */
export type TaskDefinition = Pick<
  Task,
  | 'name'
  | 'description'
  | 'type'
  | 'payload'
  | 'priority'
  | 'attempts'
  | 'delay'
  | 'timeout'
  | 'queue'
  | 'schedule'
>;

/** Where a page of tasks begins: behind this one. */
export interface TaskPlace {
  value: string;
  id: string;
}

/** By what a list is ordered, as the index has it. Times with all their digits: a cursor must hit its row. */
const SORT_BY: Readonly<Record<TaskSort, string>> = {
  name: 'lower(task.name)',
  createdAt: 'task.created_at',
  updatedAt: 'task.updated_at',
};

const placeValue: Readonly<Record<TaskSort, (task: Task) => string>> = {
  name: (task) => task.name.toLowerCase(),
  createdAt: (task) => task.createdAt.toISOString(),
  updatedAt: (task) => task.updatedAt.toISOString(),
};

/** Starts that are kept of one task. */
const KEPT_STARTS = 100;

/** Tasks, as the database has them. */
@Injectable()
export class TaskRows {
  constructor(private readonly database: DataSource) {}

  private get rows() {
    return this.database.getRepository(Task);
  }

  /** @throws {TaskNotFoundError} also for one that is not of this creator, where one is given. */
  async get(id: string, creator: string | undefined): Promise<Task> {
    const task = await this.rows.findOneBy({ id, ...(creator !== undefined && { creator }) });
    if (!task) throw new TaskNotFoundError(id);
    return task;
  }

  /**
   * @param then is done before the task is there for others; when it fails, the task is not.
   * @param request saves it once: nothing is done when there is a task of its id.
   * @returns undefined when there is.
   */
  create(
    definition: TaskDefinition,
    creator: string,
    request: TaskRequest | undefined,
    then: (task: Task) => Promise<void>,
  ): Promise<Task | undefined> {
    const now = new Date();
    const task = this.rows.create({
      ...definition,
      id: request?.id ?? randomUUID(),
      request: request?.fingerprint ?? null,
      version: 1,
      paused: false,
      creator,
      createdAt: now,
      updatedAt: now,
      scheduledIn: null,
      ...{ lastJobId: null, lastJobQueue: null, lastJobAt: null, lastStatus: null },
    });
    return this.database.transaction(async (manager) => {
      // Waits for another request of the same id, until that is done or has failed.
      const insert = manager.createQueryBuilder().insert().into(Task).values(task).orIgnore();
      const added = (await insert.returning('id').execute()).raw as unknown[];
      return added.length === 0 ? undefined : this.finish(manager, task, then);
    });
  }

  /**
   * Changes a task; others that change it meanwhile wait.
   *
   * @param version must be the task's; `undefined` = whichever it is.
   * @param then as in {@link create}, with the task as it will be.
   * @throws {TaskNotFoundError}, {TaskVersionError}
   */
  change(
    id: string,
    creator: string | undefined,
    version: number | undefined,
    change: (task: Task) => Partial<Task>,
    then: (task: Task) => Promise<void>,
  ): Promise<Task> {
    return this.database.transaction(async (manager) => {
      const task = await this.locked(manager, id, creator);
      if (version !== undefined && task.version !== version) {
        throw new TaskVersionError(id, version, task.version);
      }
      Object.assign(task, change(task), { version: task.version + 1, updatedAt: new Date() });
      return this.finish(manager, task, then);
    });
  }

  /** Does `act` while nobody changes the task, and keeps where its scheduler is. @returns undefined when there is no such task. */
  reapply(id: string, act: (task: Task) => Promise<void>): Promise<Task | undefined> {
    return this.database.transaction(async (manager) => {
      const task = await manager.findOne(Task, { where: { id }, lock: { mode: 'pessimistic_write' } });
      if (!task) return undefined;
      const before = task.scheduledIn;
      await act(task);
      if (task.scheduledIn !== before) await manager.update(Task, { id }, { scheduledIn: task.scheduledIn });
      return task;
    });
  }

  /** @param then as in {@link create}. @throws {TaskNotFoundError} */
  async remove(id: string, creator: string | undefined, then: (task: Task) => Promise<void>): Promise<void> {
    await this.database.transaction(async (manager) => {
      const task = await this.locked(manager, id, creator);
      await manager.delete(Task, { id });
      await then(task);
    });
  }

  private async locked(manager: EntityManager, id: string, creator: string | undefined): Promise<Task> {
    const task = await manager.findOne(Task, {
      where: { id, ...(creator !== undefined && { creator }) },
      lock: { mode: 'pessimistic_write' },
    });
    if (!task) throw new TaskNotFoundError(id);
    return task;
  }

  private async finish(
    manager: EntityManager,
    task: Task,
    then: (task: Task) => Promise<void>,
  ): Promise<Task> {
    await then(task);
    const { id, ...fields } = task;
    await manager.update(Task, { id }, fields);
    return task;
  }

  /** Notes a start, and forgets old ones. @param at when the job was created: it tells it from another that gets its id later. */
  async noteStart(task: Task, jobId: string, queue: string, at: Date, startedBy: string): Promise<void> {
    await this.database.transaction(async (manager) => {
      await manager.upsert(TaskStart, { taskId: task.id, queue, jobId, at, startedBy }, [
        'taskId',
        'queue',
        'jobId',
      ]);
      await manager.query(
        `DELETE FROM task_runs WHERE task_id = $1 AND at < (
           SELECT at FROM task_runs WHERE task_id = $1 ORDER BY at DESC OFFSET $2 LIMIT 1)`,
        [task.id, KEPT_STARTS - 1],
      );
      await manager.update(
        Task,
        { id: task.id },
        { lastJobId: jobId, lastJobQueue: queue, lastJobAt: at, lastStatus: 'queued' },
      );
    });
  }

  /** Notes what the last job is at; its version stays. */
  async noteLast(
    task: Task,
    last: Pick<Task, 'lastJobId' | 'lastJobQueue' | 'lastJobAt' | 'lastStatus'>,
  ): Promise<void> {
    await this.rows.update({ id: task.id }, last);
  }

  /** Starts of a task, the newest first. */
  starts(taskId: string, limit: number): Promise<TaskStart[]> {
    return this.database
      .getRepository(TaskStart)
      .find({ where: { taskId }, order: { at: 'DESC' }, take: limit });
  }

  list(
    { q, type, sort, order }: Pick<ListTasksQuery, 'q' | 'type' | 'sort' | 'order'>,
    creator: string | undefined,
    behind: TaskPlace | undefined,
    limit: number,
  ): Promise<Task[]> {
    const by = SORT_BY[sort];
    const direction = order === 'asc' ? 'ASC' : 'DESC';
    const query = this.rows
      .createQueryBuilder('task')
      .addSelect(by, 'sort_by')
      .orderBy('sort_by', direction)
      .addOrderBy('task.id', direction)
      .limit(limit);
    if (creator !== undefined) query.andWhere('task.creator = :creator', { creator });
    if (type !== undefined) query.andWhere('task.type = :type', { type });
    if (q !== undefined) {
      query.andWhere('(task.name ILIKE :q OR task.description ILIKE :q OR task.type ILIKE :q)', {
        q: `%${q.replace(/[\\%_]/g, '\\$&')}%`,
      });
    }
    if (behind) {
      const value = sort === 'name' ? 'lower(:value)' : ':value::timestamptz';
      query.andWhere(`(${by}, task.id) ${order === 'asc' ? '>' : '<'} (${value}, :id::uuid)`, { ...behind });
    }
    return query.getMany();
  }

  placeOf(task: Task, sort: TaskSort): TaskPlace {
    return { value: placeValue[sort](task), id: task.id };
  }

  /** Tasks that have a schedule, or whose last job may still end; those behind `id` in the order of ids. */
  toLookAfter(behind: string | undefined, limit: number): Promise<Task[]> {
    const query = this.rows
      .createQueryBuilder('task')
      .where(
        `(task.schedule IS NOT NULL OR task.scheduled_in IS NOT NULL OR task.last_status IN ('queued', 'running'))`,
      )
      .orderBy('task.id')
      .limit(limit);
    if (behind !== undefined) query.andWhere('task.id > :behind', { behind });
    return query.getMany();
  }

  /** Those of the ids that are tasks. */
  async existing(ids: readonly string[]): Promise<Set<string>> {
    if (ids.length === 0) return new Set();
    const found: { id: string }[] = await this.database.query(
      'SELECT id FROM tasks WHERE id = ANY($1::uuid[])',
      [ids],
    );
    return new Set(found.map(({ id }) => id));
  }
}
