import { createRequire } from 'node:module';
import { loadConfig } from '../../src/config.ts';
import { withTelemetry } from '../../src/telemetry.ts';

/** Imports all of the api and the worker, has telemetry set up by the environment, and prints which of OpenTelemetry's packages were loaded for it. */
await import('../../src/api/main.ts');
await import('../../src/worker/main.ts');
await withTelemetry('worker', loadConfig(process.env, 'none'), async () => undefined);

const loaded = Object.keys(createRequire(import.meta.url).cache).flatMap(
  (path) => /node_modules\/(@opentelemetry\/[^/]+)\//.exec(path)?.[1] ?? [],
);
process.stdout.write(`${JSON.stringify([...new Set(loaded)].sort())}\n`);
