import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { jobArtifactsSchema, jobReasonsSchema, jobResultSchema, jobTimelineSchema } from '#libs/contracts';
import { ApiProblems } from '../docs/problem-responses.js';
import { IdParam } from './jobs.docs.js';

const NOT_THERE = [
  'INVALID_REQUEST',
  'INVALID_URL',
  'INVALID_JOB_ID',
  'JOB_NOT_FOUND',
  'WRONG_KEY_TYPE',
  'REDIS_UNAVAILABLE',
] as const;

export const DocResult = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getJobResult', summary: "Show a job's result" }),
    IdParam(),
    ApiResponse({ status: 200, description: 'The result.', standardSchema: jobResultSchema }),
    ApiProblems(...NOT_THERE, 'JOB_RESULT_NOT_FOUND'),
  );

export const DocTimeline = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'getJobTimeline',
      summary: 'Show what happened to a job',
      description: 'Creation, attempts with their errors, and the end, in order.',
    }),
    IdParam(),
    ApiResponse({ status: 200, description: 'What happened.', standardSchema: jobTimelineSchema }),
    ApiProblems(...NOT_THERE),
  );

export const DocWhy = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'explainJob',
      summary: 'Tell why a job does not run yet',
      description: 'Every reason that holds at this moment, with a code, a sentence, and data.',
    }),
    IdParam(),
    ApiResponse({ status: 200, description: 'The reasons.', standardSchema: jobReasonsSchema }),
    ApiProblems(...NOT_THERE),
  );

export const DocArtifacts = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listJobArtifacts',
      summary: 'List the files that a job left behind',
      description: 'Files may outlive their job.',
    }),
    IdParam(),
    ApiResponse({ status: 200, description: 'All of them, by name.', standardSchema: jobArtifactsSchema }),
    ApiProblems(...NOT_THERE),
  );

const file = { '*/*': { schema: { type: 'string', format: 'binary' } } };

export const DocArtifact = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'getJobArtifact',
      summary: 'Get a file that a job left behind',
      description: 'Images and plain text may be shown in place; all else is sent as a download.',
    }),
    IdParam(),
    ApiParam({ name: 'name', description: "The file's name, percent-encoded.", example: 'report.pdf' }),
    ApiHeader({
      name: 'Range',
      required: false,
      description: 'One part of the file, such as `bytes=0-1023`.',
    }),
    ApiResponse({ status: 200, description: 'The file.', content: file }),
    ApiResponse({ status: 206, description: 'The part of it that was asked for.', content: file }),
    ApiProblems(...NOT_THERE, 'INVALID_ARTIFACT_NAME', 'ARTIFACT_NOT_FOUND'),
  );
