import { Card, Group, Stack, Text } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { deletionsQuery, heldReadingsQuery } from '../api/queries.ts';
import type { Deletion } from '../api/types.ts';
import { PlainBadge } from '../parts/badges.tsx';
import { AskButton, HeldReading } from '../parts/held-reading.tsx';
import { ApproveButton, UndoButton } from '../parts/mirror-actions.tsx';
import { MirrorLink } from '../parts/mirror-link.tsx';
import { Page } from '../parts/page.tsx';
import { More, Which } from '../parts/paging.tsx';
import { Empty, Shown } from '../parts/states.tsx';
import { Ago } from '../parts/time.tsx';
import { dateWords, deletionState } from '../words.ts';

const route = getRouteApi('/deletions');

/** What is about to go, what went, and what was not allowed to. */
export function Deletions() {
  const { state = 'open' }: { state?: 'open' | 'done' } = route.useSearch();
  const navigate = route.useNavigate();
  const asked = useInfiniteQuery(deletionsQuery(state));
  return (
    <Page
      title="Deletions"
      about="What you unstar is deleted on OneDev after a while, and only when GitHub proves that it is unstarred. Until then you can keep it."
    >
      <Which
        label="Which deletions"
        choices={[
          { value: 'open', label: 'Planned' },
          { value: 'done', label: 'Decided' },
        ]}
        value={state}
        onChange={(value) => void navigate({ search: { state: value === 'done' ? 'done' : undefined } })}
      />
      {state === 'open' && <Held />}
      <Shown asked={asked} what="The deletions">
        {({ pages }) => {
          const list = pages.flatMap((page) => page.deletions);
          if (list.length === 0)
            return (
              <Empty
                title={state === 'open' ? 'Nothing is about to be deleted' : 'Nothing was ever decided'}
                icon={<IconTrash size={24} />}
              >
                {state === 'open' && 'When you unstar a repository, it is listed here with the date it goes.'}
              </Empty>
            );
          return (
            <>
              {state === 'open' ? <Open deletions={list} /> : <Done deletions={list} />}
              <More asked={asked}>Show more</More>
            </>
          );
        }}
      </Shown>
    </Page>
  );
}

function Open({ deletions }: { deletions: Deletion[] }) {
  return (
    <Stack gap="sm">
      {deletions.map((deletion) => (
        <Decidable
          key={deletion.mirrorId}
          actions={
            <>
              <UndoButton mirror={deletion} />
              <ApproveButton deletion={deletion} />
            </>
          }
        >
          <Group gap="xs">
            <MirrorLink {...deletion} />
            <PlainBadge {...deletionState(deletion.state)} />
          </Group>
          <Text size="sm" component="div">
            {deletion.dueAt === null ? (
              'It goes when a person approves.'
            ) : (
              <>
                {deletion.policy === 'archive' ? 'Archived' : 'Deleted'} on {dateWords(deletion.dueAt)} (
                <Ago at={deletion.dueAt} />
                ), unless somebody keeps it.
              </>
            )}
          </Text>
          {deletion.reason !== null && <Text size="sm">{deletion.reason}</Text>}
          <Text size="xs" c="dimmed" component="div">
            Unstarred <Ago at={deletion.requestedAt} />
            {deletion.projectPath !== null && `, ${deletion.projectPath} on OneDev`}. Proof: {deletion.proof}
          </Text>
        </Decidable>
      ))}
    </Stack>
  );
}

/** A deletion, or what may become some, with the buttons that decide while there is something to decide. */
function Decidable({ actions, children }: { actions?: ReactNode; children: ReactNode }) {
  return (
    <Card withBorder component="article">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Stack gap={2} flex={1} miw={220}>
          {children}
        </Stack>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
    </Card>
  );
}

/** Readings of the star list that lack too much: above the deletions, since those may follow from them. */
function Held() {
  const held = useQuery(heldReadingsQuery);
  return held.data?.readings.map((reading) => (
    <Decidable key={reading.readingId} actions={<AskButton reading={reading} />}>
      <HeldReading reading={reading} />
    </Decidable>
  ));
}

function Done({ deletions }: { deletions: Deletion[] }) {
  return (
    <Stack gap="sm">
      {deletions.map((deletion) => (
        <Decidable key={deletion.deletionId}>
          <Group gap="xs">
            <MirrorLink {...deletion} />
            <PlainBadge {...deletionState(deletion.state)} />
          </Group>
          <Text size="sm">{deletion.reason ?? deletion.proof}</Text>
          <Text size="xs" c="dimmed" component="div">
            Decided by {deletion.decidedBy ?? 'Starkeep'} <Ago at={deletion.finishedAt ?? deletion.requestedAt} />
          </Text>
        </Decidable>
      ))}
    </Stack>
  );
}
