import { configDefaults, mergeConfig } from 'vitest/config';
import config from './vitest.config.ts';

/**
 * `npm run test:lts`, on the Node that is long-term support: what shows whether the code and the native parts under it (Temporal's core, Postgres,
 * git) work there, and `starkeep up` whole. Left out is what a browser sees, which has no Node in it, and what takes minutes to see the same code
 * do more.
 */
export default mergeConfig(config, {
  test: {
    exclude: [
      ...configDefaults.exclude,
      'test/ui/**',
      'test/e2e/!(first-run).test.ts',
      'test/activities/**',
      'test/faults/**',
      'test/properties/**',
      'test/commands/**',
      'test/cli.test.ts',
      'test/api/v1/any-client.test.ts',
      'test/adapters/git/stream-equality.test.ts',
    ],
  },
});
