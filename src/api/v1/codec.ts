import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Authenticated } from '../auth.ts';
import { allowed, BODY_PROBLEMS, json, jsonRequest, problems } from './answers.ts';

/** `format: base64` is none of JSON Schema's; the pattern says the same to everybody. */
const Bytes = z
  .string()
  .regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'bytes are base64, with its padding')
  .openapi({ example: 'InRleHQi' });

/** A payload of Temporal as it is written in JSON: bytes are base64. */
const Payload = z
  .object({
    metadata: z.record(z.string(), Bytes).default({}),
    data: Bytes.default(''),
  })
  .openapi('Payload');

const Payloads = z.object({ payloads: z.array(Payload).max(1_000) }).openapi('Payloads');

export interface CodecPorts {
  codec: {
    /** @throws Failure `PayloadKeyMissing` */
    decode(payloads: BinaryPayload[]): Promise<BinaryPayload[]>;
  };
}

interface BinaryPayload {
  metadata?: Record<string, Uint8Array> | null;
  data?: Uint8Array | null;
}

/**
 * What `temporal … --codec-endpoint` asks. There is no way to encode: what a person sends is taken as it is, so nobody needs it, and it would let a key
 * of the API make what only our processes can make.
 * @see https://docs.temporal.io/codec-server
 */
const decode = createRoute({
  method: 'post',
  path: '/codec/decode',
  summary: 'Payloads of Temporal, readable; for `temporal workflow show --codec-endpoint …/api/v1/codec`',
  ...allowed('admin'),
  request: { body: { ...jsonRequest(Payloads), required: true } },
  responses: { 200: json('In the same order', Payloads), ...problems(...BODY_PROBLEMS, 409) },
});

export function mountCodec(app: OpenAPIHono<Authenticated>, { codec }: CodecPorts): void {
  app.openapi(decode, async (c) => {
    const { payloads } = c.req.valid('json');
    const decoded = await codec.decode(payloads.map(fromJson));
    return c.json({ payloads: decoded.map(toJson) }, 200);
  });
}

function fromJson({ metadata, data }: z.infer<typeof Payload>): BinaryPayload {
  const entries = Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')] as const);
  return { metadata: Object.fromEntries(entries), data: Buffer.from(data, 'base64') };
}

function toJson({ metadata, data }: BinaryPayload): z.infer<typeof Payload> {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, text(value)] as const);
  return { metadata: Object.fromEntries(entries), data: text(data ?? new Uint8Array()) };
}
