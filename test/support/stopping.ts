import { onStop } from '../../src/parent.ts';

/** Says what it hears, and stays. */
const say = (line: string) => void process.stdout.write(`${line}\n`);

setInterval(() => undefined, 60_000);
onStop(
  (why) => say(`stop: ${why}`),
  (why) => say(`hurry: ${why}`),
);
process.on('message', () => say('asked'));
say('here');
