import { z } from 'zod';
import { Failure } from '../domain/failures.ts';
import type { HttpAnswer } from './http.ts';

/** The shapes of OneDev's answers: what we read of them; everything else passes through untouched. */

/** A project as OneDev describes it. `fields` is everything it said, because an update replaces the whole. */
export interface OnedevProject {
  id: number;
  path: string;
  parentId: number | null;
  description: string | null;
  fields: Readonly<Record<string, unknown>>;
}

export const projectShape = z.looseObject({
  id: z.int(),
  path: z.string(),
  name: z.string(),
  parentId: z.int().nullish(),
  description: z.string().nullish(),
});

export const projectsShape = z.array(projectShape);

/** @throws Failure `TargetBadResponse` when the answer is not of this shape; `doing` ends the sentence "OneDev did not …" */
export function parse<T>(shape: z.ZodType<T>, answer: HttpAnswer, doing: string): T {
  try {
    return shape.parse(JSON.parse(answer.text));
  } catch (error) {
    throw new Failure('TargetBadResponse', `OneDev did not ${doing} in a form this version understands`, {
      cause: error,
    });
  }
}

export function asProject(fields: z.infer<typeof projectShape>): OnedevProject {
  const { id, path, parentId, description } = fields;
  return { id, path, parentId: parentId ?? null, description: description ?? null, fields };
}
