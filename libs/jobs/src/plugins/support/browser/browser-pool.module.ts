import { Module } from '@nestjs/common';
import { BrowserPool } from './browser-pool.js';
import { BROWSER_SETTINGS, readBrowserSettings } from './settings.js';

/** The browsers of the process, shared by all plugins that need one. */
@Module({
  providers: [{ provide: BROWSER_SETTINGS, useFactory: () => readBrowserSettings(process.env) }, BrowserPool],
  exports: [BrowserPool],
})
export class BrowserPoolModule {}
