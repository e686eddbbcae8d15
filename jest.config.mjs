import { availableParallelism } from 'node:os';

// Jest 30 cannot require(esm) on Node 20, so our TypeScript and the ESM-only packages below are
// both compiled to CommonJS for tests. Production runs the ESM that tsc emits.
const esmPackages = [
  '@nestjs',
  'bullmq',
  'path-to-regexp',
  'file-type',
  'strtok3',
  'token-types',
  'uint8array-extras',
  '@tokenizer',
  '@borewit',
];

export default {
  testEnvironment: 'node',
  rootDir: '.',
  roots: ['<rootDir>/libs', '<rootDir>/apps', '<rootDir>/tests', '<rootDir>/bench'],
  testMatch: ['**/*.spec.ts'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'json'],
  moduleNameMapper: {
    '^#libs/jobs/testing$': '<rootDir>/libs/jobs/src/testing/index.ts',
    '^#libs/([a-z]+)$': '<rootDir>/libs/$1/src/index.ts',
    // By these names plugins outside the project import it: see package.json.
    '^drover/jobs/testing$': '<rootDir>/libs/jobs/src/testing/index.ts',
    '^drover/([a-z]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: {
    '^.+\\.(t|j|mj|cj)s$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
          target: 'es2022',
        },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmPackages.join('|')})/)`],
  globalSetup: '<rootDir>/tests/support/global-setup.mjs',
  globalTeardown: '<rootDir>/tests/support/global-teardown.mjs',
  testTimeout: 150_000,
  // Many specs mostly wait: two at a time are quicker also on two cores.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  forceExit: false,
};
