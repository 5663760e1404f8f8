import { msToTs } from '@temporalio/common/lib/time.js';
import { describe, expect, it } from 'vitest';
import { ensureSearchAttributes } from '../../src/adapters/search-attributes.ts';
import { Failure } from '../../src/domain/failures.ts';
import { devServerEnvironment, timeSkippingEnvironment, uniqueName } from '../support/temporal.ts';

const KEYWORD = 2;
const DATETIME = 6;
const BOOL = 5;

describe('ensureSearchAttributes on a dev server', () => {
  const temporal = devServerEnvironment();

  async function newNamespace(): Promise<string> {
    const namespace = uniqueName('attributes');
    const { workflowService } = temporal.environment.connection;
    await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs('1 day') });
    return namespace;
  }

  async function list(namespace: string): Promise<Record<string, number>> {
    const answer = await temporal.environment.connection.operatorService.listSearchAttributes({ namespace });
    return answer.customAttributes;
  }

  it('registers all five with their types', async () => {
    const namespace = await newNamespace();

    await ensureSearchAttributes(temporal.environment.connection, namespace);

    expect(await list(namespace)).toMatchObject({
      MirrorStatus: KEYWORD,
      RepoFullName: KEYWORD,
      GithubRepoId: KEYWORD,
      DeleteAt: DATETIME,
      LastSyncedAt: DATETIME,
    });
  });

  it('adds only what is missing, and may be repeated, also at the same time', async () => {
    const namespace = await newNamespace();
    const { connection } = temporal.environment;
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: { DeleteAt: DATETIME, Mine: BOOL },
    });

    await Promise.all(Array.from({ length: 3 }, () => ensureSearchAttributes(connection, namespace)));
    await ensureSearchAttributes(connection, namespace);

    expect(await list(namespace)).toMatchObject({ DeleteAt: DATETIME, Mine: BOOL, MirrorStatus: KEYWORD });
  });

  it('refuses a namespace in which one of the names has another type', async () => {
    const namespace = await newNamespace();
    const { connection } = temporal.environment;
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: { DeleteAt: KEYWORD } });

    const refusal = ensureSearchAttributes(connection, namespace);

    await expect(refusal).rejects.toThrow(/DeleteAt is KEYWORD and must be DATETIME/);
    await expect(refusal).rejects.toBeInstanceOf(Failure);
  });

  it('says which namespace is missing', async () => {
    const refusal = ensureSearchAttributes(temporal.environment.connection, 'nobody-made-this');

    await expect(refusal).rejects.toThrow(/nobody-made-this/);
    await expect(refusal).rejects.toMatchObject({ kind: 'TemporalUnavailable' });
  });
});

describe('ensureSearchAttributes on the time-skipping test server', () => {
  const temporal = timeSkippingEnvironment();

  it('registers them although the server cannot list them, and may be repeated', async () => {
    const { connection } = temporal.environment;

    await ensureSearchAttributes(connection, temporal.namespace);
    await ensureSearchAttributes(connection, temporal.namespace);

    const handle = await temporal.client.workflow.start('anything', {
      taskQueue: uniqueName(),
      workflowId: uniqueName(),
      searchAttributes: { MirrorStatus: ['pending'], DeleteAt: [new Date(0)] },
    });
    expect((await handle.describe()).searchAttributes).toMatchObject({ MirrorStatus: ['pending'] });
  });
});
