/** Injection token of the environment that settings of types are read from: name to value. */
export const ENVIRONMENT = Symbol('drover:environment');
