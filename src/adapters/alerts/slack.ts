import { textOf, titleOf } from '../../domain/alert-text.ts';
import type { AlertChannel } from '../../domain/ports.ts';
import { NOTICES_AT_ONCE } from './bundle.ts';
import { postMessage } from './post.ts';

/** Slack cuts a text off at 40,000 characters; Mattermost, Rocket.Chat and Google Chat take the same shape, with lower limits. */
const LONGEST_TEXT = 12_000;

/** @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
export function createSlackChannel({ url, userAgent }: { url: string; userAgent: string }): AlertChannel {
  return {
    name: 'slack',
    atOnce: NOTICES_AT_ONCE,
    async send(notices) {
      const text = `*${escaped(titleOf(notices))}*\n\n${escaped(textOf(notices))}`.slice(0, LONGEST_TEXT);
      await postMessage({ url, headers: { 'user-agent': userAgent }, body: JSON.stringify({ text }) });
    },
  };
}

/** These three make links and mentions of what a server wrote. @see https://docs.slack.dev/messaging/formatting-message-text#escaping */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
