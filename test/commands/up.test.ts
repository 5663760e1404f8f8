import { describe, expect, it } from 'vitest';
import { logLines } from '../../src/commands/log-lines.ts';
import { banner } from '../../src/commands/up.ts';

const LINE =
  '{"level":50,"time":"2026-11-23T22:05:00.000Z","service":"worker","mirrorId":"github-7","err":{"type":"Error","message":"no","stack":"Error: no\\n    at x"},"msg":"sync failed"}';

function printed(isTTY: boolean, lines: string[]): string {
  let text = '';
  const print = logLines({ isTTY, write: (part) => (text += part) });
  for (const line of lines) print(line);
  return text;
}

describe('log lines of `starkeep up`', () => {
  it('are JSON, as they came, when it is no terminal that reads them', () => {
    expect(printed(false, [LINE, 'not JSON'])).toBe(`${LINE}\nnot JSON\n`);
  });

  it('are for people on a terminal', () => {
    const text = printed(true, [LINE]);

    expect(text).toMatch(/^\[\d\d:\d\d:\d\d\] ERROR: worker: sync failed /);
    expect(text).toContain('"mirrorId":"github-7"');
    expect(text).toContain('    at x');
    expect(text.match(/worker/g)).toHaveLength(1);
  });

  it('that are something else reach the terminal as they are', () => {
    expect(printed(true, ['not JSON', '{"also": "not a log line"}'])).toContain('not JSON\n');
  });
});

describe('the banner', () => {
  const installation = {
    apiUrl: 'http://127.0.0.1:8000',
    databaseUrl: 'postgres://ann:hush-hush@127.0.0.1:54329/starkeep',
    temporalAddress: '127.0.0.1:7233',
    temporalUiUrl: 'http://127.0.0.1:8233',
    adminKey: null,
    lacking: [],
    detours: [],
  };

  it('says where everything is and how to see it work, without a secret', () => {
    const text = banner(installation, 'npx starkeep list');

    expect(text).toContain('See it work        npx starkeep list');
    expect(text).toContain('Temporal web UI    http://127.0.0.1:8233');
    expect(text).toContain('Temporal gRPC      127.0.0.1:7233');
    expect(text).not.toMatch(/hush|Note/);
  });

  it('shows the first API key when it was made just now', () => {
    const text = banner({ ...installation, adminKey: 'skp_just-made' }, 'npx starkeep list');

    expect(text).toContain('  API key            skp_just-made   (shown only this once; keep it)\n');
  });

  it('says which usual ports were taken', () => {
    const detours = ['Port 7233 was taken, so Temporal listens on port 40001 this time.'];

    const text = banner({ ...installation, temporalUiUrl: null, detours }, 'npx starkeep list');

    expect(text).toContain('  Note: Port 7233 was taken');
    expect(text).not.toContain('web UI');
  });
});
