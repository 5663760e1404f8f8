import type { Config } from '../config.ts';
import { startUp, type Installation } from '../local/up.ts';
import { onStop } from '../parent.ts';
import { logLines } from './log-lines.ts';

/**
 * `starkeep up`: runs until Ctrl-C or SIGTERM, then ends everything in order.
 * @param listCommand how `starkeep list` is typed for this installation
 */
export async function up(
  config: Config,
  environment: Record<string, string | undefined>,
  listCommand: string,
): Promise<void> {
  const say = (sentence: string) => void process.stderr.write(`${sentence}\n`);
  const stopped = stopRequested();
  say(`Starkeep starts; its data folder is ${config.dataDir}`);
  const installation = await startUp({
    config,
    environment,
    say,
    onLogLine: logLines(process.stdout),
  });
  say(banner(installation, listCommand));
  say(`${await stopped}: stopping …`);
  await installation.stop();
  say('Stopped.');
}

/** What a person needs to know once it runs. */
export function banner(installation: Omit<Installation, 'pids' | 'stop'>, listCommand: string): string {
  const { apiUrl, temporalAddress, temporalUiUrl, adminKey, lacking, detours } = installation;
  return [
    lacking.length === 0 ? 'Starkeep runs.' : `Starkeep runs, and has to be set up: open ${apiUrl} in a browser.`,
    ...lacking.map((sentence) => `  Note: ${sentence}`),
    `  See it work        ${listCommand}   (in another terminal)`,
    `  API and webhooks   ${apiUrl}   (webhooks: POST ${apiUrl}/webhooks/github)`,
    ...(adminKey ? [`  API key            ${adminKey}   (shown only this once; keep it)`] : []),
    ...(temporalUiUrl ? [`  Temporal web UI    ${temporalUiUrl}`] : []),
    `  Temporal gRPC      ${temporalAddress}`,
    ...detours.map((sentence) => `  Note: ${sentence}`),
    '  Ctrl-C stops it; what is under way goes on at the next start.',
  ].join('\n');
}

/** A second signal does not wait: the process ends, and its servers are taken over by the next start. */
function stopRequested(): Promise<string> {
  return new Promise((resolve) => onStop(resolve, () => process.exit(130)));
}
