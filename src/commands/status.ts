import { createStore } from '../adapters/postgres/store.ts';
import type { Config } from '../config.ts';
import { type MirrorFilter, NO_FILTER, type Totals } from '../domain/overview.ts';
import { withDatabase } from './installation.ts';
import { counted, time, typed, type Output } from './wording.ts';

/** `starkeep status`: whether everything starred is safe, in one sentence, and what is not. */

const FAILING: MirrorFilter = { ...NO_FILTER, statuses: ['permanent_failure', 'failed'] };
const SHOWN = 10;
const WATCH_EVERY_MS = 2_000;

export interface StatusOptions {
  json?: boolean;
  /** Goes on until Ctrl-C. */
  watch?: boolean;
}

export async function status(
  config: Config,
  { json = false, watch = false }: StatusOptions,
  out: Output,
): Promise<void> {
  await withDatabase(config, async (db) => {
    const { overview } = createStore(db);
    const look = async () => {
      const totals = await overview.totals();
      const { mirrors } = await overview.mirrors({ filter: FAILING, sort: 'name', after: null, limit: SHOWN });
      return { totals, failing: mirrors };
    };
    if (!watch) {
      const { totals, failing } = await look();
      if (json) return out.print(JSON.stringify({ ...totals, failingMirrors: failing }, null, 2));
      out.print(sentence(totals));
      for (const { fullName, errorKind, note } of failing)
        out.print(`  ${fullName}: ${errorKind ?? 'failed'}. ${note ?? ''}`.trimEnd());
      if (failing.length > 0) out.print(`Why, and what to do: ${typed('show NAME')}`);
      return;
    }
    for (let before = ''; ;) {
      const { totals } = await look();
      const line = json ? JSON.stringify(totals) : sentence(totals);
      // On a terminal it is one line that changes; elsewhere each change is a line.
      if (out.redraw) out.redraw(line);
      else if (line !== before) out.print(line);
      before = line;
      await new Promise((wake) => setTimeout(wake, WATCH_EVERY_MS));
    }
  });
}

function sentence({ total, safe, failing, running, waitingDeletions, oldestSuccess, lastSweep }: Totals): string {
  if (total === 0) return 'Nothing is kept yet: the star list has not been read, or nothing is starred.';
  const parts = [
    `${safe} of ${total} safe`,
    ...(failing > 0 ? [`${failing} failing`] : []),
    ...(waitingDeletions > 0 ? [`${counted(waitingDeletions, 'deletion')} waiting for your decision`] : []),
    ...(running > 0 ? [`${running} running`] : []),
  ];
  const seen = lastSweep === null ? 'the star list was never read' : `star list read ${time(new Date(lastSweep.at))}`;
  const oldest =
    oldestSuccess === null ? '' : ` · oldest success ${oldestSuccess.fullName}, ${time(new Date(oldestSuccess.at))}`;
  return `${parts.join(' · ')} · ${seen}${oldest}`;
}
