import { InvalidSettingsError } from '#libs/contracts';
import type { DynamicModule, Type } from '@nestjs/common';
import { EmailSendPlugin } from './email-send/email-send.plugin.js';
import { BrowserRunPlugin } from './browser-run/browser-run.plugin.js';
import { ExamplePlugin } from './example/example.plugin.js';
import { HttpRequestPlugin } from './http-request/http-request.plugin.js';
import { ReportGeneratePlugin } from './report-generate/report-generate.plugin.js';

/** Plugins that come with Drover, by the names that `DROVER_BUNDLED_PLUGINS` knows. A new one is listed here, and nowhere else. */
export const BUNDLED_PLUGINS: Readonly<Record<string, Type | DynamicModule>> = {
  'browser-run': BrowserRunPlugin,
  example: ExamplePlugin,
  // Getters: settings are read, and can be wrong, only where the plugin is wanted.
  get 'http-request'() {
    return HttpRequestPlugin.forRoot();
  },
  get 'email-send'() {
    return EmailSendPlugin.forRoot();
  },
  get 'report-generate'() {
    return ReportGeneratePlugin.forRoot();
  },
};

/**
 * The bundled plugins a worker is to have.
 *
 * @param names names of plugins; none, or `all`, means every one, `none` means none.
 * @throws {InvalidSettingsError} for a name that no bundled plugin has.
 */
export function bundledPlugins(
  names: readonly string[],
  bundled: Readonly<Record<string, Type | DynamicModule>> = BUNDLED_PLUGINS,
): (Type | DynamicModule)[] {
  const [only] = names;
  if (names.length === 0 || (names.length === 1 && only === 'all')) return Object.values(bundled);
  if (names.length === 1 && only === 'none') return [];
  const problems = names
    .filter((name) => !Object.hasOwn(bundled, name))
    .map(
      (name) =>
        `DROVER_BUNDLED_PLUGINS: there is no bundled plugin ${JSON.stringify(name)}; write all, none, or some of ${Object.keys(bundled).join(', ')}`,
    );
  if (problems.length > 0) throw new InvalidSettingsError(problems);
  return [...new Set(names)].map((name) => bundled[name] as Type | DynamicModule);
}
