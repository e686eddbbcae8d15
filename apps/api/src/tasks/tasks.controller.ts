import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  Res,
  UseInterceptors,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import {
  createTaskSchema,
  editTaskSchema,
  executeTaskSchema,
  listTasksSchema,
  taskExecutionQuerySchema,
  type ExecuteTaskRequest,
  type JobView,
  type ListTasksQuery,
  type Page,
  type StoppedTask,
  type TaskDetails,
  type TaskExecution,
  type TaskView,
  type ValidCreateTaskRequest,
  type ValidEditTaskRequest,
} from '#libs/contracts';
import { Access } from '../access/access.decorator.js';
import { CurrentCaller, type Caller } from '../access/caller.js';
import { toCursor } from '../http/cursor.js';
import { assertIdempotencyKey } from '../http/idempotency-key.js';
import { RedisGuardInterceptor } from '../redis/redis-guard.interceptor.js';
import { DatabaseInterceptor } from './database.interceptor.js';
import { placeIn } from './task-cursor.js';
import { taskIdOf } from './task-id.js';
import { TaskService } from './task-service.js';
import { AuditBody } from '../audit/tell-body.js';
import * as Doc from './tasks.docs.js';

/** REST of tasks: saved definitions of jobs. */
@ApiTags('tasks')
@Controller('tasks')
@UseInterceptors(DatabaseInterceptor, RedisGuardInterceptor)
@Access('viewer', { forOwnJobs: true })
export class TasksController {
  constructor(private readonly tasks: TaskService) {}

  @Access('operator', { forOwnJobs: true })
  @Post()
  @AuditBody<ValidCreateTaskRequest>({
    name: 'value',
    type: 'value',
    priority: 'value',
    attempts: 'value',
    delay: 'value',
    timeout: 'value',
    queue: 'value',
    schedule: 'value',
    description: 'omitted',
    payload: 'omitted',
  })
  @Doc.Create()
  async create(
    @Body({ schema: createTaskSchema }) body: ValidCreateTaskRequest,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<TaskView> {
    assertIdempotencyKey(key);
    const { task, created } = await this.tasks.create(body, caller, key);
    if (!created) response.status(200);
    response.setHeader('Location', `/api/tasks/${task.id}`);
    return task;
  }

  @Get()
  @Doc.List()
  async list(
    @Query({ schema: listTasksSchema }) query: ListTasksQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<Page<TaskView>> {
    const { items, next } = await this.tasks.list(query, caller, placeIn(query));
    const { sort, order } = query;
    return { items, ...(next && { nextCursor: toCursor({ sort, order, ...next }) }) };
  }

  // Before ':id', which would take it for an id.
  @Access('operator', { forOwnJobs: true })
  @Post('execute')
  @HttpCode(200)
  @AuditBody<ExecuteTaskRequest>({ taskId: 'value' })
  @Doc.Execute()
  execute(
    @Body({ schema: executeTaskSchema }) { taskId }: ExecuteTaskRequest,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentCaller() caller: Caller,
  ): Promise<TaskExecution> {
    assertIdempotencyKey(key);
    return this.tasks.execute(taskId, caller, key);
  }

  @Get('execute')
  @Doc.Execution()
  execution(
    @Query({ schema: taskExecutionQuerySchema }) { taskId }: ExecuteTaskRequest,
    @CurrentCaller() caller: Caller,
  ): Promise<TaskExecution> {
    return this.tasks.execution(taskId, caller);
  }

  @Get(':id')
  @Doc.Find()
  find(@Param('id') id: string, @CurrentCaller() caller: Caller): Promise<TaskDetails> {
    return this.tasks.show(taskIdOf(id), caller);
  }

  @Access('operator', { forOwnJobs: true })
  @Patch(':id')
  @AuditBody<ValidEditTaskRequest>({
    version: 'value',
    name: 'value',
    type: 'value',
    priority: 'value',
    attempts: 'value',
    delay: 'value',
    timeout: 'value',
    queue: 'value',
    schedule: 'value',
    description: 'omitted',
    payload: 'omitted',
  })
  @Doc.Edit()
  edit(
    @Param('id') id: string,
    @Body({ schema: editTaskSchema }) body: ValidEditTaskRequest,
    @CurrentCaller() caller: Caller,
  ): Promise<TaskView> {
    return this.tasks.edit(taskIdOf(id), body, caller);
  }

  @Access('operator', { forOwnJobs: true })
  @Delete(':id')
  @HttpCode(204)
  @Doc.Remove()
  remove(@Param('id') id: string, @CurrentCaller() caller: Caller): Promise<void> {
    return this.tasks.remove(taskIdOf(id), caller);
  }

  @Access('operator', { forOwnJobs: true })
  @Post(':id/start')
  @Doc.Start()
  async start(
    @Param('id') id: string,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<JobView> {
    assertIdempotencyKey(key);
    const { job, created } = await this.tasks.start(taskIdOf(id), caller, key);
    if (!created) response.status(200);
    return job;
  }

  @Access('operator', { forOwnJobs: true })
  @Post(':id/stop')
  @HttpCode(200)
  @Doc.Stop()
  stop(@Param('id') id: string, @CurrentCaller() caller: Caller): Promise<StoppedTask> {
    return this.tasks.stop(taskIdOf(id), caller);
  }

  @Access('operator', { forOwnJobs: true })
  @Post(':id/pause')
  @HttpCode(200)
  @Doc.Pause()
  pause(@Param('id') id: string, @CurrentCaller() caller: Caller): Promise<TaskView> {
    return this.tasks.pause(taskIdOf(id), true, caller);
  }

  @Access('operator', { forOwnJobs: true })
  @Post(':id/resume')
  @HttpCode(200)
  @Doc.Resume()
  resume(@Param('id') id: string, @CurrentCaller() caller: Caller): Promise<TaskView> {
    return this.tasks.pause(taskIdOf(id), false, caller);
  }
}
