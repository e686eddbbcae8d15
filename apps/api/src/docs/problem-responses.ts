import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { PROBLEM_MEDIA_TYPE } from '#libs/contracts';
import { PROBLEMS, type ProblemCode } from '../problems/problem-table.js';
import { exampleProblem } from './example-problem.js';

/** Problems of every operation that reads a body. */
export const BAD_BODY = [
  'INVALID_REQUEST',
  'INVALID_JSON',
  'UNSAFE_NUMBER',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
] as const;

/** Problems of every operation that asks who calls. */
const ANYWHERE = ['UNAUTHENTICATED', 'FORBIDDEN', 'TOO_MANY_REQUESTS', 'INTERNAL'] as const;

/** Documents which problems an operation answers with, one response for each HTTP status. Those of access and `INTERNAL` go without saying. */
export function ApiProblems(...codes: ProblemCode[]): MethodDecorator {
  const all: ProblemCode[] = [...new Set([...codes, ...ANYWHERE])];
  const statuses = [...new Set(all.map(statusOf))];
  return applyDecorators(
    ...statuses.map((status) =>
      problemResponse(
        status,
        all.filter((code) => statusOf(code) === status),
      ),
    ),
  );
}

function statusOf(code: ProblemCode): number {
  return PROBLEMS[code].status;
}

function problemResponse(status: number, codes: readonly ProblemCode[]): MethodDecorator {
  const examples = Object.fromEntries(codes.map((code) => [code, { value: exampleProblem(code) }]));
  return ApiResponse({
    status,
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('; '),
    content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Problem' }, examples } },
  });
}
