import js from '@eslint/js';
import tseslint from 'typescript-eslint';

// Who may import whom (docs/architecture.md): each row is a folder and the imports it may not have.
// Regular expressions, because in a glob a leading `#` starts a comment.
const boundaries = [
  ['libs/contracts', '^#libs/', 'contracts imports nothing of ours'],
  ['libs/artifacts', '^#libs/(?!contracts$)', 'artifacts may import contracts only'],
  ['libs/sql', '^#libs/(?!contracts$)', 'sql may import contracts only'],
  ['libs/queue', '^#libs/(jobs|history|artifacts|sql)', 'queue may import contracts only'],
  [
    'libs/queue/testing',
    '^ioredis$|^#libs/(?!contracts$)|^(\\.\\./)+(src|test|tests)/',
    'the conformance kit knows a store only through BullMQ',
  ],
  [
    'libs/jobs/src/framework',
    '^#libs/(history|queue|sql)$|^(ioredis|bullmq)$|/(plugins|processing|testing)/',
    'the framework may import contracts and artifacts only',
  ],
  [
    'libs/jobs/src/plugins',
    '^#libs/(queue|history|sql)$|^(ioredis|bullmq)$|/processing/',
    'a plugin never sees Redis',
  ],
  ['libs/history', '^#libs/(jobs|artifacts)$', 'history may import contracts, sql and queue only'],
  ['apps/api', '^#libs/jobs', 'the API knows job types by name and schema, never their code'],
];

const relativeEscape = {
  regex: '^\\.\\.?/.*\\b((contracts|artifacts|sql|queue|jobs|history)/src|apps)/',
  message: 'import another library as #libs/<name>',
};

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.data/', 'coverage/', 'test-output/'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
      'no-restricted-imports': ['error', { patterns: [relativeEscape] }],
    },
  },
  ...boundaries.map(([folder, regex, message]) => ({
    files: [`${folder}/**/*.ts`],
    ignores: ['**/*.spec.ts', '**/*.testkit.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [relativeEscape, { regex, message }] }] },
  })),
  { files: ['**/*.spec.ts', 'tests/**/*.ts'], rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        AbortSignal: 'readonly',
        AbortController: 'readonly',
        Buffer: 'readonly',
      },
    },
  },
);
