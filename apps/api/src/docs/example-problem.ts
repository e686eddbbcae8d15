import type { Problem } from '#libs/contracts';
import { PROBLEMS, type ProblemCode } from '../problems/problem-table.js';
import { problemOf } from '../problems/to-problem.js';

const REQUEST = { method: 'GET', path: '/api/jobs/7', requestId: 'c1e8d1b6-33a7-4d0e-9f8e-0a6f8f0c5b21' };

const ERRORS = [{ path: 'delay', message: 'Invalid input: expected number, received string' }];

/** A problem document of this kind, for the documentation. */
export function exampleProblem(code: ProblemCode): Problem {
  const problem = problemOf(code, PROBLEMS[code].example, REQUEST);
  return code === 'INVALID_REQUEST' ? { ...problem, errors: ERRORS } : problem;
}
