import { answerOf, type Client, type Schemas } from '../client/client.ts';
import type { Config } from '../config.ts';
import { withApi } from './access.ts';
import { paint } from './paint.ts';
import { Refusal } from './refusal.ts';
import { printJson, time, typed, type Output } from './wording.ts';

/** `starkeep status`: whether everything starred is safe, in one sentence, and what is not. */

const SHOWN = 10;
const WATCH_EVERY_MS = 2_000;

export interface StatusOptions {
  json?: boolean;
  /** Goes on until Ctrl-C. */
  watch?: boolean;
  /** For scripts: fails while something does. */
  check?: boolean;
}

/** @throws Refusal with `check`, when a mirror is failing */
export async function status(config: Config, options: StatusOptions, out: Output): Promise<void> {
  const { json = false, watch = false, check = false } = options;
  await withApi(config, async (api) => {
    if (watch) return watched(api, json, out);
    const stats = await answerOf(api.GET('/stats'));
    const query = { status: ['permanent_failure' as const, 'failed' as const], limit: SHOWN };
    const { mirrors: failing } = await answerOf(api.GET('/mirrors', { params: { query } }));
    if (json) printJson(out, { ...stats, failingMirrors: failing });
    else {
      out.print(sentence(stats, out));
      for (const { fullName, errorKind, note } of failing) {
        out.print(`  ${paint(out, 'bad', fullName)}: ${errorKind ?? 'failed'}. ${note ?? ''}`.trimEnd());
      }
      if (failing.length > 0) out.print(`Why, and what to do: ${typed('show NAME')}`);
    }
    if (check && stats.failing > 0) throw new Refusal(`${stats.failing} failing.`);
  });
}

async function watched(api: Client, json: boolean, out: Output): Promise<void> {
  for (let before = ''; ;) {
    const stats = await answerOf(api.GET('/stats'));
    const line = json ? JSON.stringify(stats) : sentence(stats, out);
    // On a terminal it is one line that changes; elsewhere each change is a line.
    if (out.redraw) out.redraw(line);
    else if (line !== before) out.print(line);
    before = line;
    await new Promise((wake) => setTimeout(wake, WATCH_EVERY_MS));
  }
}

function sentence({ mirrors, failing, waiting, running, sweep, oldestSuccess }: Schemas['Stats'], out: Output): string {
  const { total, safe } = mirrors;
  if (total === 0) return 'Nothing is kept yet: the star list has not been read, or nothing is starred.';
  const parts = [
    paint(out, safe === total ? 'good' : 'plain', `${safe} of ${total} safe`),
    ...(failing > 0 ? [paint(out, 'bad', `${failing} failing`)] : []),
    ...(waiting > 0 ? [paint(out, 'waiting', `${waiting} waiting for your decision`)] : []),
    ...(running > 0 ? [`${running} running`] : []),
  ];
  const seen = sweep.lastAt === null ? 'the star list was never read' : `star list read ${time(sweep.lastAt)}`;
  const oldest = oldestSuccess === null ? '' : ` · oldest success ${oldestSuccess.fullName}, ${time(oldestSuccess.at)}`;
  return `${parts.join(' · ')} · ${seen}${oldest}`;
}
