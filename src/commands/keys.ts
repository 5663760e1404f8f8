import { answerOf } from '../client/client.ts';
import type { Config } from '../config.ts';
import { KEY_SCOPES, keyNameProblem, type KeyScope } from '../domain/keys.ts';
import { withApi, withApiFor, type Person } from './access.ts';
import { EXIT } from './exit-codes.ts';
import { Refusal, UsageError } from './refusal.ts';
import { tableOf } from './table.ts';
import { printJson, time, typed, type Output } from './wording.ts';

/** `starkeep keys`: who may use the API. At the machine itself nobody needs one, so this is also the way back when every key was lost. */

export interface NewKeyOptions extends Person {
  name: string;
  scope: string;
  json?: boolean;
}

/** @throws UsageError for a name or scope that cannot be */
export async function createKey(config: Config, options: NewKeyOptions, out: Output): Promise<void> {
  const { name, scope } = options;
  const problem = keyNameProblem(name);
  if (problem !== null) throw new UsageError(`--name "${name}" ${problem}.`);
  if (!isScope(scope)) throw new UsageError(`--scope must be one of ${KEY_SCOPES.join(', ')}, but is "${scope}".`);
  const made = await withApiFor(config, options, (api) => answerOf(api.POST('/keys', { body: { name, scope } })));
  if (options.json) return printJson(out, made);
  // The text alone on the first line, so that a script can take it.
  out.print(made.key);
  out.print(`That is the key "${name}" (${scope}), shown only this once. Send it as: Authorization: Bearer KEY`);
}

export async function listKeys(config: Config, options: { json?: boolean }, out: Output): Promise<void> {
  const { keys } = await withApi(config, (api) => answerOf(api.GET('/keys')));
  if (options.json) return printJson(out, keys);
  if (keys.length === 0) return out.print(`There is no key yet. Make one: ${typed('keys create --name NAME')}`);
  out.print(
    tableOf(
      [
        { head: 'id', cell: ({ keyId }) => keyId },
        { head: 'name', cell: ({ name }) => name, grows: true },
        { head: 'key', cell: ({ shown }) => (shown === null ? '(set)' : `${shown}…`) },
        { head: 'scope', cell: ({ scope }) => scope },
        { head: 'made', cell: ({ createdAt }) => time(createdAt), spare: true },
        { head: 'last used', cell: ({ lastUsedAt }) => time(lastUsedAt), spare: true },
        {
          head: 'revoked',
          cell: ({ revokedAt }) => (revokedAt === null ? '' : time(revokedAt)),
          tone: () => 'quiet',
        },
      ],
      keys,
      out,
    ),
  );
}

/** @throws Refusal when no valid key has the id */
export async function revokeKey(
  config: Config,
  id: string,
  options: Person & { json?: boolean },
  out: Output,
): Promise<void> {
  const key = await withApiFor(config, options, async (api) => {
    const { keys } = await answerOf(api.GET('/keys'));
    const found = keys.find(({ keyId, revokedAt }) => keyId === id && revokedAt === null);
    if (!found) throw new Refusal(`There is no valid key ${id}. ${typed('keys list')} names them.`, EXIT.notFound);
    await answerOf(api.DELETE('/keys/{id}', { params: { path: { id } } }));
    return found;
  });
  if (options.json) return printJson(out, { keyId: id, name: key.name });
  out.print(`Key "${key.name}" was revoked; it lets nobody in any more.`);
}

function isScope(text: string): text is KeyScope {
  return (KEY_SCOPES as readonly string[]).includes(text);
}
