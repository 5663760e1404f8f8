import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { BinaryKind } from './temporal-binary.ts';
import { runBriefly } from './run-briefly.ts';

const require = createRequire(import.meta.url);

/** The SDK chooses the server's version by its own. */
export const SDK_VERSION = (require('@temporalio/worker/package.json') as { version: string }).version;

const DOWNLOAD_TIMEOUT_MS = 5 * 60_000;

/**
 * Lets the SDK download and start a server, prints its path and ends it. A process of its own: the SDK's native runtime exists once per
 * process, and whoever calls us may want to set up theirs. The SDK's public way to a download is its testing package.
 */
const SCRIPT = `
const [testing, kind, downloadDir] = process.argv.slice(1);
const { TestWorkflowEnvironment } = require(testing);
const server = { executable: { type: 'cached-download', downloadDir } };
const start = kind === 'cli' ? TestWorkflowEnvironment.createLocal : TestWorkflowEnvironment.createTimeSkipping;
start.call(TestWorkflowEnvironment, { server })
  .then((environment) => environment.teardown())
  .then(
    () => process.exit(0),
    (error) => {
      process.stderr.write(String(error.message));
      process.exit(1);
    },
  );
`;

/**
 * @returns the path of the binary that the SDK downloaded into `directory`
 * @throws Error within milliseconds when there is no way to the SDK's download site
 */
export async function downloadBySdk(kind: BinaryKind, directory: string): Promise<string> {
  const testing = require.resolve('@temporalio/testing');
  const script = ['-e', SCRIPT, testing, kind, directory];
  await runBriefly(process.execPath, script, { timeoutMs: DOWNLOAD_TIMEOUT_MS }).catch((error: unknown) => {
    throw new Error(withoutRequestUrls(error instanceof Error ? error.message : String(error)), { cause: error });
  });
  const [file] = (await readdir(directory)).filter((name) => !name.endsWith('.downloading'));
  if (file === undefined) throw new Error('the SDK reported success but left no file');
  return join(directory, file);
}

/** The SDK repeats the whole request before the reason; only the reason helps. */
function withoutRequestUrls(message: string): string {
  return message.replace(/^.*error sending request for url \([^)]*\): /, '');
}
