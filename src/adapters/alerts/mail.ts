import { createTransport } from 'nodemailer';
import { textOf, titleOf } from '../../domain/alert-text.ts';
import type { AlertNotice } from '../../domain/alerts.ts';
import { Failure } from '../../domain/failures.ts';
import type { AlertChannel } from '../../domain/ports.ts';
import { NOTICES_AT_ONCE } from './bundle.ts';

export interface MailOptions {
  /** `smtp://` (STARTTLS where the server offers it) or `smtps://`, with user and password. */
  smtpUrl: string;
  from: string;
  to: string[];
}

const TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 15_000, dnsTimeout: 10_000 };

/** Mail by SMTP. The Message-ID is that of the notice, so that a mail that comes twice is one to most readers. */
export function createMailChannel({ smtpUrl, from, to }: MailOptions): AlertChannel {
  const { host } = new URL(smtpUrl);
  return {
    name: 'mail',
    atOnce: NOTICES_AT_ONCE,
    async send(notices) {
      // A connection each: mails are rare, and one that waits for the next holds up the process's end.
      const transport = createTransport({ url: smtpUrl, ...TIMEOUTS });
      try {
        await transport.sendMail({
          from,
          to,
          subject: titleOf(notices),
          text: `${textOf(notices)}\n`,
          messageId: `<${messageIdOf(notices)}@${from.split('@')[1]}>`,
          headers: { 'auto-submitted': 'auto-generated', 'x-starkeep-delivery': messageIdOf(notices) },
        });
      } catch (error) {
        throw failureOf(error as SmtpError, host);
      } finally {
        transport.close();
      }
    },
  };
}

interface SmtpError extends Error {
  code?: string;
  responseCode?: number;
}

/** Of several, the first and last: whoever sends the same again sends the same id. */
function messageIdOf(notices: AlertNotice[]): string {
  const [first, last] = [notices[0]?.id ?? '', notices.at(-1)?.id ?? ''];
  return first === last ? first : `${first}-${last}`;
}

/** A 5xx is the server's last word on this mail; a wrong password and a 4xx may pass, and are everybody's. */
function failureOf(error: SmtpError, host: string): Failure {
  const { code, responseCode, message } = error;
  const refused = responseCode !== undefined && responseCode >= 500 && code !== 'EAUTH';
  const text = `mail server ${host}: ${message}`.slice(0, 500);
  return new Failure(refused ? 'AlertRefused' : 'AlertUnreachable', text, { cause: error });
}
