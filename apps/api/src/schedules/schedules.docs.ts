import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { scheduledRunSchema, schedulePageSchema, scheduleViewSchema } from '#libs/contracts';
import { ApiProblems, BAD_BODY } from '../docs/problem-responses.js';

const ONE = [
  'INVALID_REQUEST',
  'INVALID_URL',
  'QUEUE_NOT_FOUND',
  'SCHEDULE_NOT_FOUND',
  'REDIS_UNAVAILABLE',
] as const;
const IdParam = () =>
  ApiParam({
    name: 'id',
    description: "The schedule's id, percent-encoded.",
    example: 'nightly-report',
    type: String,
  });
const answer = (description: string, status = 200) =>
  ApiResponse({ status, description, standardSchema: scheduleViewSchema });

export const DocList = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listSchedules',
      summary: 'List schedules',
      description:
        'By queue and id; those that workers keep for their types too. Up to 10,000 of each queue.',
    }),
    ApiResponse({ status: 200, description: 'A page of schedules.', standardSchema: schedulePageSchema }),
    ApiProblems('INVALID_REQUEST', 'QUEUE_NOT_FOUND', 'REDIS_UNAVAILABLE'),
  );

export const DocCreate = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'createSchedule',
      summary: 'Make a schedule',
      description:
        'Adds a job of the type each time it is due. The payload must fit the type, where workers of its queue publish it. In a ' +
        'night when clocks are set forward a run of the hour that is left out comes as soon as there is an hour again; when they are ' +
        'set back, a run at a fixed hour comes once.',
    }),
    ApiResponse({
      status: 201,
      description: 'The schedule with its next ten runs.',
      standardSchema: scheduleViewSchema,
      headers: { Location: { description: "The schedule's address.", schema: { type: 'string' } } },
    }),
    answer('The key was used before: the schedule that was made then, as it is now.'),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'Text of your choice, up to 200 visible ASCII characters, not beside an `id`: as long as the schedule is kept, the same request ' +
        'with the same key makes nothing and is answered with that schedule.',
    }),
    ApiProblems(
      ...BAD_BODY,
      'IDEMPOTENCY_KEY_REUSED',
      'SCHEDULE_EXISTS',
      'SCHEDULE_CONFLICT',
      'REDIS_UNAVAILABLE',
    ),
  );

export const DocFind = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getSchedule', summary: 'Show a schedule with its next ten runs' }),
    IdParam(),
    answer('The schedule.'),
    ApiProblems(...ONE),
  );

export const DocPut = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'putSchedule',
      summary: 'Replace a schedule, or make it',
      description:
        'Takes the place of all settings before; the next run is planned anew, and runs that `limit` allows count from 0. A paused ' +
        'schedule stays paused.',
    }),
    IdParam(),
    answer('The schedule as it is now, with its next ten runs.'),
    answer('There was none before.', 201),
    ApiProblems(...BAD_BODY, 'INVALID_URL', 'SCHEDULE_CONFLICT', 'REDIS_UNAVAILABLE'),
  );

export const DocPause = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'pauseSchedule',
      summary: 'Pause a schedule',
      description:
        'It makes no run until it is resumed, whatever workers do; its settings stay. A run that is due already stays in the queue.',
    }),
    IdParam(),
    answer('The schedule, paused.'),
    ApiProblems(...ONE),
  );

export const DocResume = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'resumeSchedule',
      summary: 'Resume a paused schedule',
      description: 'Runs that fell due meanwhile are not made up for.',
    }),
    IdParam(),
    answer('The schedule with its next ten runs.'),
    ApiProblems(...ONE, 'INVALID_OPTION', 'SCHEDULE_CONFLICT'),
  );

export const DocRun = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'runSchedule',
      summary: 'Run a schedule now',
      description:
        'Adds one job outside the plan, also while the schedule is paused. Its next run stays when it is.',
    }),
    IdParam(),
    ApiResponse({ status: 201, description: 'The job that was added.', standardSchema: scheduledRunSchema }),
    ApiProblems(...ONE),
  );

export const DocRemove = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'deleteSchedule',
      summary: 'Delete a schedule',
      description:
        'With its next run, while that is not due. One that live workers keep for their type is refused.',
    }),
    IdParam(),
    ApiResponse({ status: 204, description: 'It is gone.' }),
    ApiProblems(...ONE, 'SCHEDULE_OF_TYPE'),
  );
