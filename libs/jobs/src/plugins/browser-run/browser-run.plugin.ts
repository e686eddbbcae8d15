import { Module } from '@nestjs/common';
import { BrowserPoolModule } from '../support/browser/index.js';
import { BrowserRunHandler } from './browser-run.handler.js';

/** The job type `browser.run`. */
@Module({ imports: [BrowserPoolModule], providers: [BrowserRunHandler] })
export class BrowserRunPlugin {}
