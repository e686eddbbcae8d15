import { typeOverridesSchema, type TypeOverrides } from '#libs/contracts';
import type { DroverBackend } from '../backend/drover-backend.js';

/** Tries, where somebody else changes the same settings at the same time. */
const TRIES = 20;

/**
 * Switches a type on or off at run time; what else is overridden for it stays, also when somebody changes that meanwhile.
 *
 * @param enabled `undefined` takes back what was set: the type is as code and environment say.
 * @returns what is overridden now.
 */
export async function switchType(
  backend: DroverBackend,
  type: string,
  enabled: boolean | undefined,
): Promise<TypeOverrides> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const key = backend.queueKeys.key('types:settings');
    const known = (await backend.scripts.read((client) => client.hget(key, type))) ?? '';
    const wanted: TypeOverrides = { ...overridesOf(known), enabled };
    if (enabled === undefined) delete wanted.enabled;
    const text = Object.keys(wanted).length === 0 ? '' : JSON.stringify(wanted);
    if ((await backend.scripts.run<number>('swapTypeSettings', type, known, text)) === 1) return wanted;
  }
  throw new Error(`settings of type ${type} were changed ${TRIES} times meanwhile`);
}

/** What cannot be used holds nowhere, and is left out. */
function overridesOf(text: string): TypeOverrides {
  try {
    const parsed = typeOverridesSchema.safeParse(JSON.parse(text || '{}'));
    return parsed.success ? parsed.data : {};
  } catch {
    return {};
  }
}
