import { onStop } from '../../src/parent.ts';

/** Says what it hears, and stays. */
const say = (line: string) => void process.stdout.write(`${line}\n`);

setInterval(() => undefined, 60_000);
onStop(
  (why) => say(`stop: ${why}`),
  (why) => say(`hurry: ${why}`),
);
process.on('message', () => {
  // Two signals of one kind that wait to be taken are one; as two of them at once they are told here.
  process.emit('SIGINT');
  process.emit('SIGINT');
  say('asked');
});
say('here');
