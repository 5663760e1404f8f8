import type { AlertChannel } from '../../domain/ports.ts';
import { createMailChannel, type MailOptions } from './mail.ts';
import { createNtfyChannel, type NtfyOptions } from './ntfy.ts';
import { createSlackChannel } from './slack.ts';
import { createWebhookChannel, type WebhookOptions } from './webhook.ts';

export interface ChannelSettings {
  webhook: Omit<WebhookOptions, 'userAgent'> | undefined;
  slack: { url: string } | undefined;
  ntfy: Omit<NtfyOptions, 'userAgent'> | undefined;
  mail: MailOptions | undefined;
}

/** The channels that are set up. */
export function createAlertChannels(
  { webhook, slack, ntfy, mail }: ChannelSettings,
  userAgent: string,
): AlertChannel[] {
  return [
    ...(webhook ? [createWebhookChannel({ ...webhook, userAgent })] : []),
    ...(slack ? [createSlackChannel({ ...slack, userAgent })] : []),
    ...(ntfy ? [createNtfyChannel({ ...ntfy, userAgent })] : []),
    ...(mail ? [createMailChannel(mail)] : []),
  ];
}
