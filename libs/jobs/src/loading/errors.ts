import { fileURLToPath } from 'node:url';
import { DroverError } from '#libs/contracts';

/** A plugin of `DROVER_PLUGINS` is not installed, or there is no such file. The worker refuses to start. */
export class PluginNotFoundError extends DroverError {
  readonly code = 'PLUGIN_NOT_FOUND';

  constructor(name: string, where: string) {
    super(`DROVER_PLUGINS: plugin "${name}" was not found: ${where}`);
  }
}

/** A plugin of `DROVER_PLUGINS` threw while it was imported; `cause` says why. The worker refuses to start. */
export class PluginNotLoadedError extends DroverError {
  readonly code = 'PLUGIN_NOT_LOADED';

  constructor(name: string, cause: unknown, url = '') {
    super(`DROVER_PLUGINS: plugin "${name}" does not load: ${reasonOf(cause, url)}`, { cause });
  }
}

/** A plugin of `DROVER_PLUGINS` has nothing a worker could use. The worker refuses to start. */
export class PluginWithoutModuleError extends DroverError {
  readonly code = 'PLUGIN_WITHOUT_MODULE';

  constructor(name: string, exported: readonly string[]) {
    super(
      `DROVER_PLUGINS: plugin "${name}" exports no module (its exports: ${exported.join(', ') || 'none'}): ` +
        'export a class decorated with @Module({ providers: [...] }), or a dynamic module',
    );
  }
}

/** File and line at the top of a stack, unless they are Node's own. */
const FIRST_FRAME =
  /^(?:(?! {4}at )[^\n]*\n)* {4}at (?:[^\n]*\()?((?:file:|\/|[A-Z]:\\)[^\n]*:\d+):\d+\)?(?:\n|$)/;

/** What was thrown, and where in somebody's file, as far as Node tells. */
function reasonOf(cause: unknown, url: string): string {
  if (!(cause instanceof Object && 'message' in cause)) return String(cause);
  const { name, message, stack } = cause as Error;
  if (name === 'SyntaxError' && url !== '')
    return `${name}: ${message} (node --check ${fileURLToPath(url)} shows where)`;
  const place = FIRST_FRAME.exec(String(stack))?.[1];
  return `${name}: ${message}${place ? ` (${place})` : ''}`;
}
