import { Button, Group, Text } from '@mantine/core';
import { IconFolderOff } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Refused } from '../../api/client.ts';
import { mirrorQuery, runningQuery } from '../../api/queries.ts';
import type { Mirror } from '../../api/types.ts';
import { StatusBadge } from '../../parts/badges.tsx';
import { Page, Section } from '../../parts/page.tsx';
import { Empty, Shown } from '../../parts/states.tsx';
import { Transfer } from '../../parts/transfer.tsx';
import { Links, Actions } from './header.tsx';
import { Trouble } from './trouble.tsx';
import { Facts } from './facts.tsx';
import { Timeline } from './timeline.tsx';
import { Tips } from './archived-tips.tsx';

const route = getRouteApi('/repositories/$mirrorId');

export function Repository() {
  const { mirrorId } = route.useParams();
  const mirror = useQuery(mirrorQuery(mirrorId));
  if (mirror.error instanceof Refused && mirror.error.status === 404) {
    return (
      <Empty title="There is no such repository here" icon={<IconFolderOff size={24} />}>
        <p>Nothing is known of {mirrorId}. It may have been typed wrongly, or never been starred.</p>
        <Button variant="light" renderRoot={(props) => <Link to="/repositories" {...props} />}>
          All repositories
        </Button>
      </Empty>
    );
  }
  return (
    <Shown asked={mirror} what="The repository" lines={8}>
      {(data) => <Details mirror={data} />}
    </Shown>
  );
}

function Details({ mirror }: { mirror: Mirror }) {
  return (
    <Page
      title={
        <Group gap="sm" style={{ overflowWrap: 'anywhere' }}>
          {mirror.fullName}
          <StatusBadge status={mirror.status} size="lg" />
        </Group>
      }
      about={
        <>
          {mirror.description !== null && <Text>{mirror.description}</Text>}
          <Links mirror={mirror} />
        </>
      }
      actions={<Actions mirror={mirror} />}
    >
      <Trouble mirror={mirror} />
      <Now mirror={mirror} />
      <Facts mirror={mirror} />
      <Section title="What happened" id="timeline">
        <Timeline mirror={mirror} />
      </Section>
      {mirror.projectPath !== null && mirror.status !== 'deleted' && <Tips mirror={mirror} />}
    </Page>
  );
}

function Now({ mirror }: { mirror: Mirror }) {
  const running = useQuery(runningQuery);
  const transfer = running.data?.transfers.find(({ mirrorId }) => mirrorId === mirror.mirrorId);
  if (!transfer) return null;
  return (
    <Section title="Syncing now" id="now">
      <Transfer transfer={transfer} named={false} />
    </Section>
  );
}
