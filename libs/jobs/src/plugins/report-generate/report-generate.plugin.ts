import { Module } from '@nestjs/common';
import { BrowserPoolModule } from '../support/browser/index.js';
import { ReportGenerateHandler } from './report-generate.handler.js';
import { GivenRows } from './row-source.js';

/** The job type `report.generate`. */
@Module({ imports: [BrowserPoolModule], providers: [ReportGenerateHandler, GivenRows] })
export class ReportGeneratePlugin {}
