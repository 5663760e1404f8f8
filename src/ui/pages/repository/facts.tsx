import { Alert, Code, SimpleGrid, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Mirror } from '../../api/types.ts';
import { Section } from '../../parts/page.tsx';
import { Ago } from '../../parts/time.tsx';
import { bytesWords, plural } from '../../words.ts';

export function Facts({ mirror }: { mirror: Mirror }) {
  const { lfs, declined, declinedCount } = mirror;
  const kept = mirror.pinned ? 'added by hand' : mirror.keptBy !== null ? `said ${mirror.keptBy}` : null;
  return (
    <Section title="About it" id="about">
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} spacing="md">
        <Fact name="Last synced">
          <Ago at={mirror.lastSyncedAt} />
        </Fact>
        <Fact name="Last looked at">
          <Ago at={mirror.lastCheckedAt} />
        </Fact>
        <Fact name="Pushed on GitHub">
          <Ago at={mirror.pushedAt} none="–" />
        </Fact>
        <Fact name="Size">{mirror.bytes === 0 ? 'not known' : bytesWords(mirror.bytes)}</Fact>
        <Fact name="Branches and tags">{mirror.refs?.toLocaleString('en') ?? 'not known yet'}</Fact>
        <Fact name="Default branch">{mirror.defaultBranch ?? '–'}</Fact>
        <Fact name="Language">{mirror.language ?? '–'}</Fact>
        <Fact name="Stars">{mirror.stars.toLocaleString('en')}</Fact>
        <Fact name="Starred by you">{mirror.starred ? 'yes' : 'no'}</Fact>
        <Fact name="Kept for ever">{kept === null ? 'no' : `yes, ${kept}`}</Fact>
        <Fact name="Visibility">
          {mirror.visibility ?? 'not known'}
          {mirror.fork && ', a fork'}
          {mirror.archived && ', archived'}
        </Fact>
        {lfs !== null && (
          <Fact name="LFS objects">
            {lfs.objects.toLocaleString('en')}
            {lfs.failed > 0 && `, ${lfs.failed} missing`}
          </Fact>
        )}
      </SimpleGrid>
      {declinedCount > 0 && (
        <Alert color="yellow" mt="md" title={`OneDev declined ${plural(declinedCount, 'ref')}`}>
          {declined.map(({ name, reason }) => (
            <Text key={name} size="sm">
              <Code>{name}</Code> {reason}
            </Text>
          ))}
        </Alert>
      )}
    </Section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text size="sm" component="div" style={{ overflowWrap: 'anywhere' }}>
        {children}
      </Text>
    </div>
  );
}
