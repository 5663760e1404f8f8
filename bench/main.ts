import { readdir } from 'node:fs/promises';

/** `npm run bench -- NAME [options]`: one file per question. */
const PARTS = ['main', 'kinds', 'processes', 'transfer-order', 'transfer-run'];
const [name, ...rest] = process.argv.slice(2);
const names = (await readdir(import.meta.dirname))
  .map((file) => file.replace(/\.ts$/, ''))
  .filter((file) => !PARTS.includes(file));
if (name === undefined || !names.includes(name)) {
  process.stderr.write(`npm run bench -- NAME, where NAME is one of: ${names.join(', ')}\n`);
  process.exitCode = 2;
} else {
  process.argv.splice(2, process.argv.length - 2, ...rest);
  await import(`./${name}.ts`);
}
