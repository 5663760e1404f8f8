import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';

/** `npm run test:api`: test/api/v1/any-client.test.ts for longer, with another seed each time unless it is told. */

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    examples: { type: 'string', default: '100' },
  },
});
const [seed, examples] = [Number(values.seed), Number(values.examples)];
if (!Number.isInteger(seed) || seed < 0 || !Number.isInteger(examples) || examples < 1) {
  process.stderr.write('npm run test:api [-- --seed N] [-- --examples N]: both are whole numbers\n');
  process.exitCode = 2;
} else {
  process.stdout.write(`The same again: npm run test:api -- --seed ${seed} --examples ${examples}\n`);
  const vitest = await startVitest('test', ['test/api/v1/any-client.test.ts'], {
    watch: false,
    provide: { anyClient: { seed, examples } },
  });
  await vitest.close();
}
