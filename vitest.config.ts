import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What waits for minutes by design begins first: at the end one worker would wait for it alone, and its size does not tell. */
const FIRST = [
  'test/e2e/demo.test.ts',
  'test/faults/faults.test.ts',
  'test/e2e/rolling-restart.test.ts',
  'test/e2e/many-processes.test.ts',
  'test/e2e/secrets.test.ts',
  'test/ui/looks.test.ts',
  'test/ui/first-run.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = FIRST.findIndex((name) => moduleId.endsWith(name));
      return at < 0 ? FIRST.length : at;
    };
    return (await super.sort(files)).sort((one, other) => place(one) - place(other));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A process per file: Temporal's native runtime exists once per process.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/leaks.ts'],
    sequence: { sequencer: LongestFirst },
  },
});
