import { describe, expect, it } from 'vitest';
import { withApi } from './world.ts';

const world = withApi();

describe('the reference page', () => {
  it('needs no key, names every route, and loads nothing but its own style', async () => {
    const page = await world.app.request('/api/v1/docs');
    const text = await page.text();
    const style = await world.app.request('/api/v1/docs/style.css');
    const { paths } = (await (await world.app.request('/api/v1/openapi.json')).json()) as {
      paths: Record<string, object>;
    };

    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8']);
    expect([style.status, style.headers.get('content-type')]).toEqual([200, 'text/css; charset=utf-8']);
    for (const [path, methods] of Object.entries(paths)) {
      for (const method of Object.keys(methods)) expect(text).toContain(`<code>${method.toUpperCase()} ${path}</code>`);
    }
    expect(text).toContain('href="docs/style.css"');
    expect(text).not.toMatch(/<script|style="|(?:src|href)="(?:https?:)?\/\//);
    expect(text).not.toContain('[object');
  });

  it('takes nothing but being read', async () => {
    expect((await world.ask('POST', '/docs', { body: {} })).status).toBe(405);
  });
});
