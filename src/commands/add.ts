import { answerOf } from '../client/client.ts';
import type { Config } from '../config.ts';
import { FULL_NAME } from '../domain/adding.ts';
import { withApiFor, type Person } from './access.ts';
import { UsageError } from './refusal.ts';
import { printJson, typed, type Output } from './wording.ts';

/**
 * `starkeep add`: mirrors a repository that need not be starred. May be repeated.
 * @throws UsageError for what is no owner/name
 */
export async function add(
  config: Config,
  name: string,
  options: Person & { json?: boolean },
  out: Output,
): Promise<void> {
  if (!FULL_NAME.test(name)) {
    throw new UsageError(`A repository is OWNER/NAME, such as torvalds/linux, but "${name}" is not.`);
  }
  const added = await withApiFor(config, options, (api) =>
    answerOf(api.POST('/mirrors', { body: { fullName: name } })),
  );
  if (options.json) return printJson(out, added);
  out.print(`${added.fullName}: it is mirrored now, and kept whatever the star list and the filters say.`);
  out.print(`How it goes: ${typed(`show ${added.fullName}`)}`);
}
