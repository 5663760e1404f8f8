import { Group, Text } from '@mantine/core';
import { IconBrandGithub, IconServer } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { deletionsQuery } from '../../api/queries.ts';
import type { Mirror } from '../../api/types.ts';
import { usePlaces } from '../../parts/places.ts';
import {
  ApproveButton,
  DeleteButton,
  FollowButton,
  KeepButton,
  PauseButton,
  SyncButton,
  UndoButton,
} from '../../parts/mirror-actions.tsx';
import { Outside } from './outside.tsx';

export function Links({ mirror: { htmlUrl, projectPath, mirrorId } }: { mirror: Mirror }) {
  const places = usePlaces();
  const onedev = projectPath !== null && places.onedev !== null ? `${places.onedev}/${projectPath}` : null;
  return (
    <Group gap="md" mt={4}>
      {htmlUrl !== null && (
        <Outside href={htmlUrl} icon={<IconBrandGithub size={16} aria-hidden />}>
          On GitHub
        </Outside>
      )}
      {onedev !== null ? (
        <Outside href={onedev} icon={<IconServer size={16} aria-hidden />}>
          On OneDev
        </Outside>
      ) : (
        projectPath !== null && (
          <Group gap={4}>
            <IconServer size={16} aria-hidden />
            <Text size="sm">{projectPath} on OneDev</Text>
          </Group>
        )
      )}
      {places.temporalUi !== null && (
        <Outside href={`${places.temporalUi}/workflows/mirror-${encodeURIComponent(mirrorId)}`}>
          Its workflow in Temporal
        </Outside>
      )}
    </Group>
  );
}

export function Actions({ mirror }: { mirror: Mirror }) {
  const deletions = useInfiniteQuery(deletionsQuery('open'));
  const open = deletions.data?.pages.flatMap((page) => page.deletions);
  const deletion = open?.find(({ mirrorId }) => mirrorId === mirror.mirrorId);
  const { status } = mirror;
  const isGone = status === 'deleted';
  const isKept = mirror.pinned || mirror.keptBy !== null;
  const isFailing = status === 'failed' || status === 'permanent_failure';
  return (
    <>
      {status === 'held' && <FollowButton mirror={mirror} />}
      {!isGone && !mirror.paused && status !== 'pending_deletion' && <SyncButton mirror={mirror} isRetry={isFailing} />}
      {!isGone && (mirror.paused || status !== 'pending_deletion') && (
        <PauseButton mirror={mirror} paused={mirror.paused} />
      )}
      {deletion && <UndoButton mirror={mirror} />}
      {!isGone && !isKept && !deletion && <KeepButton mirror={mirror} />}
      {deletion ? (
        <ApproveButton deletion={deletion} />
      ) : (
        !isGone &&
        !mirror.starred &&
        !mirror.paused &&
        status !== 'frozen' &&
        mirror.projectPath !== null && <DeleteButton mirror={mirror} />
      )}
    </>
  );
}
