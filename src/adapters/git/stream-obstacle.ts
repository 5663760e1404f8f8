import { Failure } from '../../domain/failures.ts';

/**
 * Every reason why a repository cannot be streamed although there is nothing wrong with it. A closed list: only for these may another way of transfer be
 * taken. All of them show before anything was changed.
 */
export const STREAM_OBSTACLES = {
  'source-ssh': 'the source is reached over SSH',
  'target-ssh': 'the target is reached over SSH',
  'source-protocol': 'the source does not speak version 2 of git’s protocol',
  'target-protocol': 'the target does not speak version 2 of git’s protocol, or does not report on pushes',
} as const;

export type StreamObstacle = keyof typeof STREAM_OBSTACLES;

export class CannotStream extends Failure {
  readonly obstacle: StreamObstacle;

  constructor(obstacle: StreamObstacle) {
    super('StreamImpossible', `The repository cannot be streamed: ${STREAM_OBSTACLES[obstacle]}.`);
    this.obstacle = obstacle;
  }
}
