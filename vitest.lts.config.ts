import { configDefaults, mergeConfig } from 'vitest/config';
import config from './vitest.config.ts';

/**
 * `npm run test:lts`, on the Node that is long-term support: what shows whether the code and the native parts under it (Temporal's core, Postgres,
 * git) work there. Left out is what a browser sees, which has no Node in it, and what takes minutes to see the same processes again.
 */
export default mergeConfig(config, {
  test: {
    exclude: [
      ...configDefaults.exclude,
      'test/ui/**',
      'test/e2e/demo.test.ts',
      'test/faults/**',
      'test/properties/**',
      'test/commands/**',
      'test/cli.test.ts',
      'test/api/v1/any-client.test.ts',
      'test/activities/crash-points.test.ts',
      'test/adapters/git/stream-equality.test.ts',
    ],
  },
});
