import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type Logger, type WorkflowBundleOption } from '@temporalio/worker';
import { ENCODED_FAILURES } from '../adapters/payload-codec.ts';

export interface BundleOptions {
  /** Messages and stacks of failures become payloads, to be encrypted; where nothing is encrypted people want to read them. */
  encodedFailures: boolean;
  /** With the interceptors of `workflows/tracing.ts`. */
  traced?: boolean;
}

/** Where the worker gets the workflow code from: the bundle a build made, else the sources, bundled at start (about a second). */
export async function workflowBundle(options: BundleOptions): Promise<WorkflowBundleOption> {
  const built = fileURLToPath(new URL(`../${builtName(options)}`, import.meta.url));
  return existsSync(built) ? { codePath: built } : bundleWorkflows(options);
}

/** A build has one of each. */
export function builtName({ encodedFailures, traced = false }: BundleOptions): string {
  return `workflow-bundle${encodedFailures ? '-encoded' : ''}${traced ? '-traced' : ''}.js`;
}

/**
 * Bundles the workflows, as source or compiled, whichever this file is.
 * @throws Error when something of Node's, or a forbidden import, reached them
 */
export function bundleWorkflows(
  { encodedFailures, traced = false }: BundleOptions = { encodedFailures: false },
): Promise<{ code: string }> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const pathOf = (name: string) => fileURLToPath(new URL(`../workflows/${name}.${extension}`, import.meta.url));
  return bundleWorkflowCode({
    workflowsPath: pathOf('index'),
    logger: onlyComplaints(),
    ...(encodedFailures ? { failureConverterPath: ENCODED_FAILURES } : {}),
    ...(traced ? { workflowInterceptorModules: [pathOf('tracing')] } : {}),
  });
}

/** The bundler is talkative; what it has to say of a failure is in the error it throws. */
function onlyComplaints(): Logger {
  const nothing = () => undefined;
  const complain = (message: string) => void process.stderr.write(`${message}\n`);
  return { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: complain, error: complain };
}
