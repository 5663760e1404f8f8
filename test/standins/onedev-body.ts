import { z } from 'zod';
import { OnedevError } from './onedev-access.ts';
import type { ProjectData } from './onedev-projects.ts';

/** Reads request bodies as strictly as OneDev does, and complains in its words. */

const text = z
  .string()
  .nullish()
  .transform((value) => (value?.trim() ? value : null));
const id = z
  .int()
  .nullish()
  .transform((value) => value ?? null);
const flag = (fallback: boolean) => z.boolean().default(fallback);
const settings = (...names: string[]) =>
  z.strictObject(Object.fromEntries(names.map((name) => [name, z.string().nullish()])));

const projectBody = z.strictObject({
  name: text.refine((value) => value !== null, 'must not be empty').transform((value) => value ?? ''),
  parentId: id,
  forkedFromId: id,
  key: text,
  description: text,
  codeManagement: flag(true),
  packManagement: flag(true),
  issueManagement: flag(true),
  timeTracking: flag(false),
  serviceDeskEmailAddress: text,
  gitPackConfig: settings('windowMemory', 'packSizeLimit', 'threads', 'window'),
  codeAnalysisSetting: settings('analysisFiles'),
});

export function projectData(body: string, argument: string): ProjectData {
  return readBody(z.preprocess(withoutReadOnly, projectBody), body, argument);
}

/** Sent back by a client that read them, and ignored. */
function withoutReadOnly(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !['id', 'path', 'createDate'].includes(name)));
}

/** Bean validation answers in plain text that calls itself JSON. */
export function readBody<T>(shape: z.ZodType<T>, body: string, argument: string): T {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new OnedevError(400, 'Unexpected character: was expecting a JSON value');
  }
  const result = shape.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    throw new OnedevError(400, `Unrecognized field "${issue.keys[0]}", not marked as ignorable`);
  }
  const missing = issue?.message.includes('received undefined') || issue?.message.includes('received null');
  const why = missing ? 'must not be null' : (issue?.message ?? 'invalid');
  const headers = { 'content-type': 'application/json' };
  throw new OnedevError(400, `${argument}.${issue?.path.join('.')}: ${why}`, headers);
}

export function branchName(body: string): string {
  try {
    return z.string().parse(JSON.parse(body));
  } catch {
    throw new OnedevError(500, 'Server Error');
  }
}
