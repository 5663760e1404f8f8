import type { OpenAPIHono } from '@hono/zod-openapi';
import { html } from 'hono/html';

/** The document of the API as a page that people read: no script, and nothing from elsewhere. */

type Document = ReturnType<OpenAPIHono['getOpenAPI31Document']>;
type Operation = NonNullable<NonNullable<Document['paths']>[string]['get']>;
type Html = ReturnType<typeof html>;

const METHODS = ['get', 'post', 'delete'] as const;

/** @param at where the page is, for the address of its style and of the document */
export function referencePage(document: Document, at: string): Html {
  const entries = Object.entries(document.paths ?? {}).flatMap(([path, operations]) =>
    METHODS.flatMap((method) => {
      const operation = operations[method];
      return operation ? [{ path, method, operation, id: `${method}${path.replaceAll(/[^a-z]+/gi, '-')}` }] : [];
    }),
  );
  const { title, version, description = '' } = document.info;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}: API</title>
        <link rel="stylesheet" href="${at}/style.css" />
      </head>
      <body>
        <header>
          <h1>${title} API</h1>
          <p>${inCode(description)}</p>
          <p>Version ${version}. The same for programs: <a href="openapi.json">openapi.json</a></p>
        </header>
        <nav aria-label="Routes">
          <ul>
            ${entries.map(
              ({ path, method, id, operation }) =>
                html`<li>
                  <a href="#${id}"><code>${method.toUpperCase()} ${path}</code></a> ${operation.summary ?? ''}
                </li>`,
            )}
          </ul>
        </nav>
        <main>${entries.map(sectionOf)}</main>
        <section>
          <h2>Shapes</h2>
          ${Object.entries(document.components?.schemas ?? {}).map(
            ([name, schema]) =>
              html`<details id="shape-${name}">
                <summary><code>${name}</code></summary>
                <pre>${JSON.stringify(schema, null, 2)}</pre>
              </details>`,
          )}
        </section>
      </body>
    </html>`;
}

function sectionOf({
  path,
  method,
  operation,
  id,
}: {
  path: string;
  method: string;
  operation: Operation;
  id: string;
}): Html {
  const scope: unknown = (operation as Record<string, unknown>)['x-scope'];
  const parameters = (operation.parameters ?? []).flatMap((parameter) => ('$ref' in parameter ? [] : [parameter]));
  const body = operation.requestBody && 'content' in operation.requestBody ? operation.requestBody.content : {};
  return html`<article id="${id}">
    <h2><code>${method.toUpperCase()} ${path}</code></h2>
    <p>${inCode(operation.summary ?? '')}</p>
    ${operation.description ? html`<p>${inCode(operation.description)}</p>` : ''}
    <p>${typeof scope === 'string' ? html`Scope: <strong>${scope}</strong>` : 'Needs no key.'}</p>
    ${
      parameters.length === 0
        ? ''
        : html`<table>
            <thead>
              <tr>
                <th scope="col">parameter</th>
                <th scope="col">in</th>
                <th scope="col">what it is</th>
              </tr>
            </thead>
            <tbody>
              ${parameters.map(
                ({ name, in: where, required, description = '', schema }) =>
                  html`<tr>
                    <td><code>${name}</code>${required ? '' : ' (optional)'}</td>
                    <td>${where}</td>
                    <td>${inCode(description)} <code>${JSON.stringify(schema ?? {})}</code></td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }
    ${Object.entries(body).map(([type, { schema }]) => html`<p>Takes <code>${type}</code>: ${shapeOf(schema)}</p>`)}
    <table>
      <thead>
        <tr>
          <th scope="col">answer</th>
          <th scope="col">when</th>
          <th scope="col">as</th>
        </tr>
      </thead>
      <tbody>
        ${Object.entries(operation.responses ?? {}).map(
          ([status, response]: [string, { description?: string; content?: Record<string, { schema?: unknown }> }]) =>
            html`<tr>
              <td>${status}</td>
              <td>${inCode(response.description ?? '')}</td>
              <td>
                ${Object.entries(response.content ?? {}).map(([type, { schema }]) => html`<code>${type}</code> ${shapeOf(schema)} `)}
              </td>
            </tr>`,
        )}
      </tbody>
    </table>
  </article>`;
}

function shapeOf(schema: unknown): Html {
  const reference = typeof schema === 'object' && schema !== null && '$ref' in schema ? String(schema.$ref) : null;
  const name = reference?.split('/').at(-1);
  if (name !== undefined) return html`<a href="#shape-${name}"><code>${name}</code></a>`;
  return html`<details>
    <summary>shape</summary>
    <pre>${JSON.stringify(schema, null, 2)}</pre>
  </details>`;
}

/** What stands between backquotes as code. */
function inCode(text: string): (Html | string)[] {
  return text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
}

export const REFERENCE_STYLE = `:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
code, pre { font: 0.9em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid color-mix(in srgb, currentColor 20%, transparent); border-radius: 0.25rem; }
nav ul { list-style: none; padding: 0; }
article { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; margin: 0.75rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 12%, transparent); }
summary { cursor: pointer; }
`;
