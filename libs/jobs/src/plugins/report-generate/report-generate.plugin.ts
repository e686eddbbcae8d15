import { Module, type DynamicModule } from '@nestjs/common';
import type { Environment } from '#libs/contracts';
import { BrowserPoolModule } from '../support/browser/index.js';
import { ReportGenerateHandler } from './report-generate.handler.js';
import { GivenRows } from './rows/given-rows.js';
import { HistoryRows } from './rows/history-rows.js';
import { readReportSettings, REPORT_SETTINGS } from './settings.js';

/** The job type `report.generate`. See the README.md beside this file. */
@Module({})
export class ReportGeneratePlugin {
  /**
   * @param environment where settings are read. Default: `process.env`.
   * @throws {InvalidSettingsError} when they cannot be used.
   */
  static forRoot(environment: Environment = process.env): DynamicModule {
    return {
      module: ReportGeneratePlugin,
      imports: [BrowserPoolModule],
      providers: [
        { provide: REPORT_SETTINGS, useValue: readReportSettings(environment) },
        GivenRows,
        HistoryRows,
        ReportGenerateHandler,
      ],
    };
  }
}
