import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Authenticated } from '../auth.ts';
import { allowed, json, problems } from './answers.ts';

export interface PlacesPorts {
  places: {
    /** Root address of OneDev, as the settings have it. */
    onedevUrl: string | null;
    /** Of Temporal's web UI, with the namespace: `http://127.0.0.1:8233/namespaces/default`. */
    temporalUiUrl: string | null;
  };
}

const Places = z
  .strictObject({
    onedevUrl: z.string().nullable(),
    temporalUiUrl: z.string().nullable().openapi({
      description: 'With the namespace; `/workflows/ID/RUN` below it is a run. null: not known',
      example: 'http://127.0.0.1:8233/namespaces/default',
    }),
  })
  .openapi('Places');

const list = createRoute({
  method: 'get',
  path: '/places',
  summary: 'Where the servers beside Starkeep are, for links to them',
  ...allowed('read'),
  responses: { 200: json('Without a slash at the end', Places), ...problems() },
});

export function mountPlaces(app: OpenAPIHono<Authenticated>, { places }: PlacesPorts): void {
  const without = (url: string | null) => url?.replace(/\/+$/, '') ?? null;
  app.openapi(list, (c) =>
    c.json({ onedevUrl: without(places.onedevUrl), temporalUiUrl: without(places.temporalUiUrl) }, 200),
  );
}
