import type { WorkerOptions } from '@temporalio/worker';
import type { Config } from '../config.ts';

/**
 * Temporal's worker versioning, for whoever asked for it: a versioned worker gets no work before its version is made current (`temporal worker
 * deployment set-current-version`, or Temporal's Worker Controller), so it is never on by itself.
 *
 * Workflows that are under way go on with the version that becomes current: a mirror's may wait for months, and should not keep an old worker alive
 * that long. That is safe because recorded histories of every release are replayed with each change (`test/workflows/replay.test.ts`).
 */
export function versioningOf(
  deployment: Config['temporal']['deployment'],
): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (deployment === undefined) return {};
  return {
    workerDeploymentOptions: {
      version: deployment,
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    },
  };
}
