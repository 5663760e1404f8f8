import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** `npm run test:deploy`: what takes minutes to install, or needs programs that only an operator has (nginx, Caddy). Not part of `npm test`. */
export default defineConfig({
  test: { ...base.test, include: ['test/deploy/*.deploy.ts'], testTimeout: 400_000, hookTimeout: 900_000 },
});
