import { answerOf, type Schemas } from '../client/client.ts';
import type { Config } from '../config.ts';
import { withApiFor, type Person } from './access.ts';
import { counted, printJson, time, typed, wrapped, type Output } from './wording.ts';

/** Readings that lack more stars than the budget allows, and `starkeep deletions ask`: a person lets them be asked about. */

const NAMED = 10;

export function printHeld(held: Schemas['Reading'][], out: Output): void {
  const fit = (text: string) => (out.width === null ? text : wrapped(text, out.width).join('\n'));
  for (const { readingId, absent, absentNames, startedAt, reason } of held) {
    out.print(
      fit(
        `Reading ${readingId} (${time(startedAt)}) lacks ${counted(absent, 'star')}; nothing follows until a person decides: ${reason ?? ''}.`,
      ),
    );
    const more = absent > NAMED ? ` … ${absent} in all` : '';
    if (absentNames.length > 0) out.print(fit(`It lacks ${absentNames.slice(0, NAMED).join(', ')}${more}`));
    out.print(`  ${typed(`deletions ask ${readingId}`)}   ask GitHub about each of them`);
  }
}

export async function askAboutHeld(
  config: Config,
  readingId: string,
  options: Person & { json?: boolean },
  out: Output,
): Promise<void> {
  const params = { path: { id: readingId } };
  const answer = await withApiFor(config, options, (api) => answerOf(api.POST('/readings/{id}/ask', { params })));
  if (options.json) return printJson(out, answer);
  out.print(`GitHub is asked about ${counted(answer.asked, 'repository', 'repositories')}.`);
  out.print('Only what is proven unstarred is going to be deleted, each at the end of its grace period:');
  out.print(`  ${typed('deletions')}`);
}
