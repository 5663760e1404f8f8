import { isGrpcServiceError, type Connection } from '@temporalio/client';
import { Failure, toFailure } from '../domain/failures.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/messages.ts';

/**
 * The search attributes our workflows set. A namespace has to know them first: setting an unknown one fails the workflow task, again and
 * again.
 */

/** @see https://github.com/temporalio/api/blob/master/temporal/api/enums/v1/common.proto (IndexedValueType) */
const TYPES = ['UNSPECIFIED', 'TEXT', 'KEYWORD', 'INT', 'DOUBLE', 'BOOL', 'DATETIME', 'KEYWORD_LIST'];

const TIMEOUT_MS = 10_000;

/** gRPC status codes. @see https://grpc.io/docs/guides/status-codes/ */
const ALREADY_EXISTS = 6;
const UNIMPLEMENTED = 12;

/**
 * Registers what is missing; may be repeated, and by several processes at once. The time-skipping test server, which cannot list them, is
 * given all of them.
 * @throws Failure `TemporalUnusable` when one exists with another type (the server would accept and ignore the registration), `TemporalUnavailable` when
 * the server cannot be asked or refuses
 */
export async function ensureSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  try {
    const before = await listTypes(connection, namespace);
    const missing = Object.entries(SEARCH_ATTRIBUTES).filter(([name]) => !before?.has(name));
    if (missing.length > 0) await add(connection, namespace, missing);
    // Whoever else registers them at this moment may want other types, so what counts is what is there in the end.
    const after = missing.length > 0 && before ? await listTypes(connection, namespace) : before;
    if (after) requireTypes(after, namespace);
  } catch (error) {
    if (error instanceof Failure) throw error;
    const message = `Temporal did not register the search attributes of namespace ${namespace}: ${toFailure(error).message}`;
    throw new Failure('TemporalUnavailable', message, { cause: error });
  }
}

/** @returns names and types of what the namespace knows; `null` when the server cannot say */
async function listTypes(connection: Connection, namespace: string): Promise<Map<string, number> | null> {
  try {
    const answer = await within(connection, () => connection.operatorService.listSearchAttributes({ namespace }));
    return new Map(Object.entries(answer.customAttributes));
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === UNIMPLEMENTED) return null;
    throw error;
  }
}

async function add(connection: Connection, namespace: string, wanted: [string, string][]): Promise<void> {
  const searchAttributes = Object.fromEntries(wanted.map(([name, type]) => [name, TYPES.indexOf(type)]));
  try {
    await within(connection, () => connection.operatorService.addSearchAttributes({ namespace, searchAttributes }));
  } catch (error) {
    // Another process was faster.
    if (isGrpcServiceError(error) && error.code === ALREADY_EXISTS) return;
    throw error;
  }
}

function requireTypes(known: Map<string, number>, namespace: string): void {
  const wrong = Object.entries(SEARCH_ATTRIBUTES)
    .filter(([name, type]) => known.get(name) !== TYPES.indexOf(type))
    .map(([name, type]) => `${name} is ${TYPES[known.get(name) ?? -1] ?? 'missing'} and must be ${type}`);
  if (wrong.length === 0) return;
  const message = `Search attributes of Temporal's namespace ${namespace} are not as needed: ${wrong.join('; ')}. Remove them there ("temporal operator search-attribute remove"), or set TEMPORAL_NAMESPACE to a namespace of Starkeep's own.`;
  throw new Failure('TemporalUnusable', message);
}

function within<T>(connection: Connection, call: () => Promise<T>): Promise<T> {
  return connection.withDeadline(Date.now() + TIMEOUT_MS, call);
}
