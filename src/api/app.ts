import { fileURLToPath } from 'node:url';
import { getConnInfo } from '@hono/node-server/conninfo';
import { type Context, Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { ForwardedHeaders } from './addresses.ts';
import { mountOps, type OpsPorts } from './ops.ts';
import type { Redact } from '../domain/redaction.ts';
import { problem } from './problem.ts';
import { redacted } from './redacted.ts';
import { requestSpans, type TracedRequest } from './spans.ts';
import { mountWeb, stylesByNonce } from './web.ts';
import { mountWebhooks, type WebhookPorts } from './webhooks.ts';

export type ApiPorts = WebhookPorts &
  OpsPorts & {
    redact?: Redact;
    /** Where spans are wanted. */
    traced?: TracedRequest;
    /** The folder with the built web UI. */
    webDir?: string;
  };

/** What a page of ours may do: load its own files and talk to its own address. Nothing inline, nothing from elsewhere, in nobody's frame. */
const PAGE_POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  manifestSrc: ["'self'"],
  formAction: ["'self'"],
  baseUri: ["'none'"],
  frameAncestors: ["'none'"],
};

/** The same seen from the sources and from what is built of them. */
const WEB_DIR = fileURLToPath(new URL('../../dist/ui', import.meta.url));

/** Mounts every route but `/api/v1`, which `createV1` makes; never listens. An error nobody foresaw is logged whole and answered without a word of it. */
export function createApp(ports: ApiPorts): Hono {
  const app = new Hono();
  if (ports.traced) app.use(requestSpans(ports.traced));
  app.use(stylesByNonce());
  app.use(
    secureHeaders({
      // Whether there is TLS in front is the proxy's business, and so is promising it.
      strictTransportSecurity: false,
      contentSecurityPolicy: PAGE_POLICY,
      xFrameOptions: 'DENY',
      permissionsPolicy: { camera: [], microphone: [], geolocation: [], payment: [], usb: [] },
    }),
  );
  if (ports.redact) app.use(redacted(ports.redact));
  mountOps(app, ports);
  mountWebhooks(app, ports);
  app.notFound(mountWeb(app, ports.webDir ?? WEB_DIR));
  app.onError((error, c) => {
    ports.log.error({ err: error, path: c.req.path }, 'request failed unexpectedly');
    return problem(c, 500, 'Unexpected error', 'Something went wrong here; the log has the details.');
  });
  return app;
}

/** The address of the TCP peer; empty where there is none, as in `app.request()`. */
export function peerAddress(c: Context): string {
  return c.env && 'incoming' in c.env ? (getConnInfo(c).remote.address ?? '') : '';
}

export function forwardedHeaders(c: Context): ForwardedHeaders {
  return {
    host: c.req.header('host') ?? new URL(c.req.url).host,
    forwardedHost: c.req.header('x-forwarded-host'),
    forwardedProto: c.req.header('x-forwarded-proto'),
  };
}
