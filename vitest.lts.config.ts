import { mergeConfig } from 'vitest/config';
import config from './vitest.config.ts';

/**
 * `npm run test:lts`, on the Node that is long-term support: the decisions, the settings, every adapter (git's streams, HTTP,
 * Postgres, Redis, Temporal among them), the door for webhooks, and Temporal's native part with the workflows in it, by replaying what every release
 * recorded and by running workers.
 */
const lts = mergeConfig(config, {});
lts.test.include = [
  'test/domain/**/*.test.ts',
  'test/config*.test.ts',
  'test/adapters/**/*.test.ts',
  'test/api/*.test.ts',
  'test/workflows/replay.test.ts',
  'test/worker/**/*.test.ts',
];
export default lts;
