import { Module } from '@nestjs/common';
import { BrowserPool } from './browser-pool.js';
import { BROWSER_SETTINGS, browserSettings } from './settings.js';

/** The browsers of the process, shared by all plugins that need one. */
@Module({
  providers: [{ provide: BROWSER_SETTINGS, useFactory: () => browserSettings(process.env) }, BrowserPool],
  exports: [BrowserPool],
})
export class BrowserPoolModule {}
