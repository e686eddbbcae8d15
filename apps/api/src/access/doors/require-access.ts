import type { NextFunction, Response } from 'express';
import type { NeededAccess } from '../access.decorator.js';
import { authorize } from '../authorize.js';
import type { CallerRequest } from '../caller.js';
import { reportProblem, sendProblem } from '../../problems/problem.filter.js';

/** Lets through whom this access allows, where Nest's guard does not reach: pages and their files. */
export function requireAccess(needed: NeededAccess) {
  return (request: CallerRequest, response: Response, next: NextFunction): void => {
    try {
      authorize(request.caller, needed);
    } catch (error) {
      const problem = reportProblem(error, request, response);
      return sendProblem(response, problem.status, problem);
    }
    next();
  };
}
