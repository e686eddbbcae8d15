import { readSettings, type Environment } from '#libs/contracts';
import { z } from 'zod';

/** Settings of the plugin, by their environment names. `.env.example` says what each means. */
const reportSettingsSchema = z.object({
  DROVER_API_URL: z
    .url({ protocol: /^https?$/, error: 'must be http://host:port or https://host' })
    .optional(),
  DROVER_API_KEY: z.string().min(1).optional(),
});

export type ReportSettings = z.output<typeof reportSettingsSchema>;

/** Injection token of the plugin's {@link ReportSettings}. */
export const REPORT_SETTINGS = Symbol('drover:report-settings');

/** @throws {InvalidSettingsError} naming every setting that is wrong. */
export function readReportSettings(environment: Environment): ReportSettings {
  return readSettings(reportSettingsSchema, environment, ['DROVER_API_KEY']);
}
