import { describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { problemsOf } from './settings.ts';

const alertsOf = (environment: Record<string, string>) => loadConfig(environment, 'none').alerts;

const MAIL = {
  STARKEEP_ALERT_SMTP_URL: 'smtp://ann:p%40ss-word@mail.example.org:587',
  STARKEEP_ALERT_MAIL_FROM: 'starkeep@example.org',
  STARKEEP_ALERT_MAIL_TO: 'ann@example.org, bob@example.org',
};

describe('alert settings', () => {
  it('set up each channel by itself', () => {
    expect(alertsOf({ STARKEEP_ALERT_URL: 'https://hooks.example.org/x/' }).webhook).toEqual({
      url: 'https://hooks.example.org/x',
      secret: undefined,
    });
    expect(alertsOf({ STARKEEP_ALERT_SLACK_URL: 'https://chat.example.org/h?key=a&token=b' }).slack).toEqual({
      url: 'https://chat.example.org/h?key=a&token=b',
    });
    expect(
      alertsOf({ STARKEEP_ALERT_NTFY_URL: 'https://ntfy.sh/my_topic', STARKEEP_ALERT_NTFY_TOKEN: 'tk_1' }).ntfy,
    ).toEqual({ url: 'https://ntfy.sh/my_topic', token: 'tk_1' });
    expect(alertsOf(MAIL).mail).toEqual({
      smtpUrl: MAIL.STARKEEP_ALERT_SMTP_URL,
      from: 'starkeep@example.org',
      to: ['ann@example.org', 'bob@example.org'],
    });
  });

  it('have the mail server’s password masked as it is, too', () => {
    expect(loadConfig(MAIL, 'none').secrets).toContain('p@ss-word');
  });

  it.each([
    [{ STARKEEP_ALERT_URL: 'mail' }, 'STARKEEP_ALERT_URL must be an address that begins with http:// or https://'],
    [{ STARKEEP_ALERT_SLACK_URL: 'slack' }, 'STARKEEP_ALERT_SLACK_URL must be an address that begins with http'],
    [
      { STARKEEP_ALERT_NTFY_URL: 'https://ntfy.sh' },
      'STARKEEP_ALERT_NTFY_URL must be an address like https://ntfy.sh/TOPIC',
    ],
    [{ STARKEEP_ALERT_NTFY_URL: 'https://ntfy.sh/a/b' }, 'STARKEEP_ALERT_NTFY_URL must be an address like'],
    [
      { ...MAIL, STARKEEP_ALERT_SMTP_URL: 'mail.example.org' },
      'STARKEEP_ALERT_SMTP_URL must be an address like smtp://',
    ],
    [{ ...MAIL, STARKEEP_ALERT_SMTP_URL: 'smtp://ann:100%@mail' }, 'special characters percent-encoded'],
    [{ ...MAIL, STARKEEP_ALERT_MAIL_FROM: 'Ann' }, 'STARKEEP_ALERT_MAIL_FROM must be a mail address such as'],
    [{ ...MAIL, STARKEEP_ALERT_MAIL_TO: 'a@b, c' }, 'STARKEEP_ALERT_MAIL_TO must be mail addresses'],
    [{ ...MAIL, STARKEEP_ALERT_MAIL_TO: '' }, 'belong together, but STARKEEP_ALERT_MAIL_TO is not set'],
    [{ STARKEEP_ALERT_SECRET: 'hush' }, 'STARKEEP_ALERT_SECRET is set without STARKEEP_ALERT_URL.'],
    [{ STARKEEP_ALERT_NTFY_TOKEN: 'tk' }, 'STARKEEP_ALERT_NTFY_TOKEN is set without STARKEEP_ALERT_NTFY_URL.'],
    [{ STARKEEP_ALERT_LEVEL: 'loud' }, 'STARKEEP_ALERT_LEVEL must be one of info, warning, error'],
  ])('%j is refused with what it should be', (environment, problem) => {
    expect(problemsOf(environment).join('\n')).toContain(problem);
  });
});
