import { randomUUID } from 'node:crypto';
import { msToTs } from '@temporalio/common/lib/time.js';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { afterAll, beforeAll, inject } from 'vitest';
import { ensureSearchAttributes } from '../../src/adapters/search-attributes.ts';
import type { MirrorControl } from '../../src/domain/ports.ts';
import { TASK_QUEUES } from '../../src/workflows/messages.ts';
import { eventually } from './eventually.ts';
import { workflowBundle } from './workflow-bundle.ts';

export { workflowBundle } from './workflow-bundle.ts';

/** A Temporal server for the tests of one file or `describe`, with our search attributes. Known once the tests run. */
export interface TestTemporal {
  readonly environment: TestWorkflowEnvironment;
  readonly client: TestWorkflowEnvironment['client'];
  readonly namespace: string;
  /** A worker with our workflows, from the prebuilt bundle, unless `options` say otherwise. */
  worker(options: Partial<WorkerOptions> & { taskQueue: string }): Promise<Worker>;
  /**
   * Workers that run, the first of them with our workflows.
   * @param taskQueues one each; default: those of the product
   * @returns what ends them
   */
  workers(options: Partial<WorkerOptions>, taskQueues?: string[]): Promise<() => Promise<void>>;
}

/** A task queue, or workflow id, that no other test uses. */
export function uniqueName(prefix = 'test'): string {
  return `${prefix}-${randomUUID()}`;
}

/**
 * A server of its own that skips time while somebody awaits a workflow's result, and in `environment.sleep()`. Its clock is one for all its
 * workflows: tests on it run one after the other. It knows no Schedules, no `list` and no `count`, and awaiting the result of a workflow that
 * has completed already moves the clock ten years: ask for it last.
 */
export function timeSkippingEnvironment(): TestTemporal {
  return lend(async () => {
    const server = { executable: { type: 'existing-path' as const, path: inject('temporalTestServer') } };
    return { environment: await TestWorkflowEnvironment.createTimeSkipping({ server }), namespace: 'default' };
  });
}

/**
 * The run's dev server: all of Temporal, in real time. A namespace of its own keeps task queues, workflow ids and Schedules of parallel files
 * apart.
 */
export function devServerEnvironment(): TestTemporal {
  return lend(async () => {
    const namespace = uniqueName('test');
    const options = { address: inject('temporalAddress'), namespace };
    const environment = await TestWorkflowEnvironment.createFromExistingServer(options);
    const { workflowService } = environment.connection;
    await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs('1 day') });
    return { environment, namespace };
  });
}

/**
 * A dev server of its own whose task queues have one part each, where the usual one has four that are worked off beside each other: for what is said
 * of the order of tasks.
 */
export function onePartEnvironment(...settings: string[]): TestTemporal {
  return lend(async () => {
    const parts = ['Read', 'Write'].map((side) => `matching.numTaskqueue${side}Partitions=1`);
    const server = {
      executable: { type: 'existing-path' as const, path: inject('temporalCli') },
      extraArgs: [...parts, ...settings].flatMap((setting) => ['--dynamic-config-value', setting]),
    };
    return { environment: await TestWorkflowEnvironment.createLocal({ server }), namespace: 'default' };
  });
}

interface Lent {
  environment: TestWorkflowEnvironment;
  namespace: string;
}

function lend(create: () => Promise<Lent>): TestTemporal {
  let lent: Lent | null = null;
  const current = (): Lent => {
    if (lent === null) throw new Error('the environment is made in beforeAll: use it inside a test or a hook');
    return lent;
  };

  beforeAll(async () => {
    quietRuntime();
    lent = await create();
    await ensureSearchAttributes(lent.environment.connection, lent.namespace);
  });
  afterAll(() => lent?.environment.teardown());

  return {
    get environment() {
      return current().environment;
    },
    get client() {
      return current().environment.client;
    },
    get namespace() {
      return current().namespace;
    },
    async worker(options) {
      const { environment, namespace } = current();
      const workflows = 'workflowsPath' in options ? {} : { workflowBundle: await workflowBundle() };
      return Worker.create({ connection: environment.nativeConnection, namespace, ...workflows, ...options });
    },
    async workers({ workflowBundle: bundle, ...options }, taskQueues = Object.values(TASK_QUEUES)) {
      const { environment, namespace } = current();
      const common = { connection: environment.nativeConnection, namespace, ...options };
      const [first = TASK_QUEUES.main, ...others] = taskQueues;
      const workflows = { workflowBundle: bundle ?? (await workflowBundle()) };
      const all = [await Worker.create({ ...common, ...workflows, taskQueue: first })];
      for (const taskQueue of others) all.push(await Worker.create({ ...common, taskQueue }));
      const running = Promise.all(all.map((worker) => worker.run()));
      return async () => {
        for (const worker of all) worker.shutdown();
        await running;
      };
    },
  };
}

/**
 * Waits until a control that was just made gets an answer. What the product asks of Temporal has two or three seconds, connecting included, and a
 * server that is busy with other tests may take longer the first time.
 */
export async function answering(control: Pick<MirrorControl, 'ping'>): Promise<void> {
  await eventually(() =>
    control.ping().then(
      () => true,
      () => false,
    ),
  );
}

let isQuiet = false;

/**
 * The runtime exists once per process, which with vitest's forks is once per file.
 * @param level from which on it is heard; a file whose activities are meant to fail calls this first, with `ERROR`
 */
export function quietRuntime(level: 'WARN' | 'ERROR' = 'WARN'): void {
  if (isQuiet) return;
  const filter = makeTelemetryFilterString({ core: 'ERROR' });
  Runtime.install({ logger: new DefaultLogger(level), telemetryOptions: { logging: { filter } } });
  isQuiet = true;
}
