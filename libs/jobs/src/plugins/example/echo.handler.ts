import { JobHandler } from '../../framework/index.js';

/** Returns its payload; for a legacy job, its whole document. */
@JobHandler({ type: 'example.echo', description: 'Returns its payload.' })
export class EchoHandler implements JobHandler {
  run(payload: unknown): unknown {
    return payload;
  }
}
