import tseslint from 'typescript-eslint';

/** One arrow: files in `dir` may not import what `regex` matches. The message says why. */
const arrow = (dir, regex, message, { types = false, ignores = [] } = {}) => ({
  files: [`src/${dir}/**/*.ts`],
  ignores,
  rules: {
    '@typescript-eslint/no-restricted-imports': ['error', { patterns: [{ regex, message, allowTypeImports: types }] }],
  },
});

/** Reading the environment or the arguments anywhere else makes behaviour depend on where code runs. */
const processReads = [
  { object: 'process', property: 'env', message: 'config.ts is the only reader of the environment.' },
  { object: 'process', property: 'argv', message: 'cli.ts is the only reader of argv.' },
];

/** Globals that the workflow sandbox does not have; some would even be there under a test runner. */
const missingInSandbox = [
  'Buffer',
  'process',
  'crypto',
  'fetch',
  'structuredClone',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'performance',
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.starkeep/', '.cache/', 'coverage/', 'test-artifacts/'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli.ts', 'src/config.ts', 'src/local/environment.ts'],
    rules: { 'no-restricted-properties': ['error', ...processReads] },
  },
  { files: ['src/workflows/**/*.ts'], rules: { 'no-restricted-globals': ['error', ...missingInSandbox] } },

  arrow('domain', '^(?!\\./)', 'domain imports nothing but itself.'),
  arrow(
    'workflows',
    '^(?!@temporalio/workflow$|\\./)',
    'workflow code is replayed: from outside it imports types only.',
    { types: true },
  ),
  arrow(
    'adapters',
    '^(\\.\\./)+(activities|api|worker|local|config|workflows/(?!messages))',
    'adapters point at domain (and workflows/messages) only.',
  ),
  arrow(
    'activities',
    '^(\\.\\./)+(adapters|api|worker|workflows|local|config)',
    'activities receive their ports; the main files build them.',
  ),
  arrow(
    'api',
    '^(\\.\\./)+(adapters|activities|worker|workflows|local|config)',
    'routes receive their ports; api/main.ts builds them.',
    {
      ignores: ['**/main.ts', '**/v1-ports.ts'],
    },
  ),
  {
    files: ['src/ui/**/*.{ts,tsx}'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex:
                '^(\\.\\./)+(?:domain|adapters|api/(?!types|client|queries|events|reach)|workflows|activities|worker|local|commands|config|log)',
              message: 'the web UI knows the api by its client, and nothing else of ours.',
            },
          ],
        },
      ],
    },
  },
  arrow(
    'worker',
    '^(\\.\\./)+(api|local)/',
    'the worker hosts activities and workflows, and knows nothing of the api.',
  ),
);
