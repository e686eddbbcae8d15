import { Module } from '@nestjs/common';
import { EchoHandler } from './echo.handler.js';
import { FailHandler } from './fail.handler.js';
import { SleepHandler } from './sleep.handler.js';

/** Three job types to try a queue with. */
@Module({ providers: [EchoHandler, SleepHandler, FailHandler] })
export class ExamplePlugin {}
