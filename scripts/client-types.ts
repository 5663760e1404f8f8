import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';
import { createV1, type V1Ports } from '../src/api/v1/app.ts';

/** The types of the API's client, made from the API's own document: `npm run docs` writes them, a test holds them equal. */

export const CLIENT_TYPES = new URL('../src/client/schema.ts', import.meta.url);

const HEAD =
  '/** What the API takes and answers. Written by `npm run docs` from its OpenAPI document; change the routes, not this. */\n\n';

export async function clientTypes(): Promise<string> {
  // Describing itself asks nothing of its ports.
  const response = await createV1({ version: '' } as V1Ports).request('/openapi.json');
  const types = astToString(await openapiTS((await response.json()) as OpenAPI3));
  const options = await resolveConfig(CLIENT_TYPES);
  return format(HEAD + types, { ...options, parser: 'typescript' });
}
