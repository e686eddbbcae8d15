import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  statisticsQuerySchema,
  statisticsRange,
  statisticsSchema,
  type Statistics,
  type StatisticsQuery,
} from '#libs/contracts';
import { StatisticsReader } from '#libs/history';
import { Access } from '../access/access.decorator.js';
import { CurrentCaller, type Caller } from '../access/caller.js';
import { ApiProblems } from '../docs/problem-responses.js';

/** REST of statistics over the history. */
@ApiTags('statistics')
@Controller('statistics')
@Access('viewer', { forOwnJobs: true })
export class StatisticsController {
  constructor(private readonly reader: StatisticsReader) {}

  @Get()
  @ApiOperation({
    operationId: 'readStatistics',
    summary: 'Count and time jobs over a range',
    description:
      'By status, type, priority and time, with durations; of the last 24 hours where no range is given.',
  })
  @ApiResponse({ status: 200, description: 'The statistics.', standardSchema: statisticsSchema })
  @ApiProblems('INVALID_REQUEST', 'DATABASE_UNAVAILABLE', 'DATABASE_TIMEOUT')
  read(
    @Query({ schema: statisticsQuerySchema }) { bucket, queue, ...range }: StatisticsQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<Statistics> {
    const own = caller.isLimitedToOwn ? { creator: caller.name } : {};
    return this.reader.read({ ...statisticsRange(range), bucket, queue, ...own });
  }
}
