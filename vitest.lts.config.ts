import { mergeConfig } from 'vitest/config';
import config from './vitest.config.ts';

/**
 * `npm run test:lts`, on the Node that is long-term support: the decisions, the settings, everything that Postgres answers, and Temporal's native
 * part with the workflows in it, by replaying what every release recorded and by running workers.
 */
const lts = mergeConfig(config, {});
lts.test.include = [
  'test/domain/**/*.test.ts',
  'test/config*.test.ts',
  'test/adapters/postgres/**/*.test.ts',
  'test/workflows/replay.test.ts',
  'test/worker/**/*.test.ts',
];
export default lts;
