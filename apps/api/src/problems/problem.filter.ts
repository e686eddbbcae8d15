import { Catch, Logger, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { PROBLEM_MEDIA_TYPE, type Problem } from '#libs/contracts';
import { TooManyRequestsError } from '../access/access-errors.js';
import { allowedMethods } from '../http/allowed-methods.js';
import { requestFacts } from '../http/request-id.js';
import { MethodNotAllowedError } from './api-errors.js';
import { toProblem } from './to-problem.js';

const logger = new Logger('API');

/** Answers every error with a problem document; what the API is to blame for goes to the log with the request's id. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<Response>();
    const request = http.getRequest<Request>();
    const known = error instanceof NotFoundException ? unserved(error, request) : error;
    if (known instanceof MethodNotAllowedError) response.setHeader('Allow', known.allowed.join(', '));
    const problem = reportProblem(known, request, response);
    sendProblem(response, problem.status, problem);
  }
}

/** Nest found no route: perhaps the path has others. */
function unserved(error: NotFoundException, request: Request): Error {
  const allowed = allowedMethods(request);
  // With its own method among them the route was found, and had nothing to give.
  const isRefused = allowed.length > 0 && !allowed.includes(request.method);
  return isRefused ? new MethodNotAllowedError(request.method, allowed) : error;
}

/** The problem document of an error; what the API is to blame for is logged with the request's id. */
export function reportProblem(error: unknown, request: Request, response: Response): Problem {
  const facts = requestFacts(request, response);
  const problem = toProblem(error, facts);
  if (problem.status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="drover"');
  if (error instanceof TooManyRequestsError) response.setHeader('Retry-After', error.retryAfterSeconds);
  if (problem.status === 500) report(error, problem, `${facts.method} ${facts.path}`);
  return problem;
}

function report(error: unknown, { code, detail, requestId }: Problem, request: string): void {
  const line = `${request} failed (request ${requestId})`;
  if (code === 'INTERNAL') logger.error(line, stackOf(error));
  else logger.error(`${line}: ${detail}`);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Sends a problem document, unless an answer is already under way: then it only ends. */
export function sendProblem(response: Response, status: number, problem: { code: string }): void {
  // For the audit log.
  response.locals['problemCode'] = problem.code;
  if (response.headersSent) {
    response.end();
    return;
  }
  response.status(status).setHeader('Content-Type', PROBLEM_MEDIA_TYPE);
  response.end(JSON.stringify(problem));
}
