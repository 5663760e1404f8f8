#!/usr/bin/env node
// In a checkout the sources run as they are, so nothing built can be out of date; where there are none, the build runs.
import { existsSync } from 'node:fs';

const source = new URL('../src/cli.ts', import.meta.url);
if (existsSync(source)) {
  // Only here: the compiler takes memory for as long as the process runs.
  const { register } = await import('tsx/esm/api');
  register();
  await import(source.href);
} else {
  await import(new URL('../dist/cli.js', import.meta.url).href);
}
