import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, inject, it } from 'vitest';
import { createPayloadCodec } from '../../../src/adapters/payload-codec.ts';
import { createMirrorControl, openTemporal } from '../../../src/adapters/temporal.ts';
import { parsePayloadKeys } from '../../../src/domain/payload-keys.ts';
import { devServerEnvironment } from '../../support/temporal.ts';
import { event } from '../../workflows/world.ts';
import { served } from '../serve.ts';
import { withApi } from './world.ts';

const KEYS = parsePayloadKeys(`a:${Buffer.alloc(32, 'a').toString('base64')}`);
const OTHER = parsePayloadKeys(`b:${Buffer.alloc(32, 'b').toString('base64')}`);

const run = promisify(execFile);

/** As JSON writes a payload. */
function written(text: string, encoding = 'json/plain') {
  return {
    metadata: { encoding: Buffer.from(encoding).toString('base64') },
    data: Buffer.from(text).toString('base64'),
  };
}

async function encrypted(text: string, keys = KEYS) {
  const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(text) };
  const [{ metadata, data } = {}] = await createPayloadCodec(keys).encode([payload]);
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]);
  return {
    metadata: Object.fromEntries(entries) as Record<string, string>,
    data: Buffer.from(data ?? []).toString('base64'),
  };
}

describe('POST /codec/decode', () => {
  const api = withApi({ codec: createPayloadCodec(KEYS) });

  it('makes payloads readable, and leaves what is readable', async () => {
    const payloads = [await encrypted('{"by":"ann"}'), written('1')];

    const answer = await api.ask('POST', '/codec/decode', { body: { payloads } });

    expect(answer).toMatchObject({ status: 200, body: { payloads: [written('{"by":"ann"}'), written('1')] } });
  });

  it.each(['read', 'operate'] as const)('is not for a key that may only %s', async (as) => {
    const answer = await api.ask('POST', '/codec/decode', { as, body: { payloads: [] } });

    expect(answer.status).toBe(403);
  });

  it('says which key is missing', async () => {
    const answer = await api.ask('POST', '/codec/decode', { body: { payloads: [await encrypted('1', OTHER)] } });

    expect(answer).toMatchObject({ status: 409, body: { kind: 'PayloadKeyMissing' } });
    expect(JSON.stringify(answer.body)).toContain('encrypted with the key \\"b\\"');
  });

  it.each([
    [undefined],
    [{}],
    [{ payloads: [{ metadata: { encoding: 'no base64!' } }] }],
    [{ payloads: [{ data: 'YWI' }] }],
    [{ payloads: [{ data: 'ab==\n' }] }],
  ])('refuses %j', async (body) => {
    expect((await api.ask('POST', '/codec/decode', { body })).status).toBe(400);
  });

  describe('as `temporal` asks it', () => {
    const temporal = devServerEnvironment();

    it('shows an encrypted run as it would be without encryption', async () => {
      const { namespace } = temporal;
      const address = inject('temporalAddress');
      const opened = openTemporal({ environment: {}, address, namespace, payloadKeys: KEYS });
      const { workflowId } = await createMirrorControl(opened, 'nobody-listens').repoEvent(
        event('starred', { repoId: '9100', fullName: 'ada/engine' }),
        { deadlineMs: 30_000 },
      );
      await opened.close();
      const endpoint = `${await served(api.app)}/api/v1/codec`;
      const show = ['workflow', 'show', '--workflow-id', workflowId, '--address', address, '--namespace', namespace];
      const json = [...show, '--output', 'json'];

      const closed = await run(inject('temporalCli'), json);
      const environment = {
        ...process.env,
        TEMPORAL_CODEC_ENDPOINT: endpoint,
        TEMPORAL_CODEC_AUTH: `Bearer ${api.keys.admin}`,
      };
      const open = await run(inject('temporalCli'), json, { env: environment });

      const input = Buffer.from('{"repoId":"9100","fullName":"ada/engine"}').toString('base64');
      expect(closed.stdout).not.toContain(input);
      expect(open.stdout).toContain(input);
    });
  });
});
