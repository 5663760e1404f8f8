import { Button, CloseButton, Group, Modal, Paper, Progress, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconPlayerPause, IconRefresh, IconShieldCheck } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';
import pLimit from 'p-limit';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { decide, useAction } from '../../parts/actions.ts';
import { plural } from '../../words.ts';
import { A_BATCH, countOf, mirrorsOf, syncAll, type Chosen, type Named } from './chosen.ts';

const route = getRouteApi('/repositories');

type Deed = 'sync' | 'pause' | 'keep';

const DEEDS: Record<Deed, { label: string; icon: ReactNode; doing: string; done: string; means: string }> = {
  sync: {
    label: 'Sync',
    icon: <IconRefresh size={15} aria-hidden />,
    doing: 'Beginning the sync of',
    done: 'synced',
    means: 'Each is compared with GitHub, a few at a time. What is paused, left out or about to be deleted is skipped.',
  },
  pause: {
    label: 'Pause',
    icon: <IconPlayerPause size={15} aria-hidden />,
    doing: 'Pausing',
    done: 'paused',
    means: 'Nothing of them is synced until somebody resumes them. What is on OneDev stays.',
  },
  keep: {
    label: 'Keep for ever',
    icon: <IconShieldCheck size={15} aria-hidden />,
    doing: 'Keeping',
    done: 'kept for ever',
    means: 'They stay on OneDev, whatever the star list and the filters say. Planned deletions are called off.',
  },
};

/** How far something that goes over many is. */
interface Progressing {
  deed: Deed;
  done: number;
  total: number;
}

/** What is done to many at once. */
export function Bulk({
  chosen,
  fitting,
  choose,
}: {
  chosen: Chosen;
  fitting: Chosen;
  choose: (chosen: Chosen | null) => void;
}) {
  const navigate = route.useNavigate();
  const [asks, setAsks] = useState<Deed | null>(null);
  const [progress, setProgress] = useState<Progressing | null>(null);
  const stop = useRef<AbortController>(null);
  // Who leaves the page no longer sees what it does, so it does no more.
  useEffect(() => () => stop.current?.abort(), []);

  const count = countOf(chosen);
  const what = plural(count, 'repository');
  const work = useAction(
    async (deed: Deed) => {
      const { signal } = (stop.current = new AbortController());
      setProgress({ deed, done: 0, total: count });
      if (deed === 'sync') return { batches: await syncAll(chosen, signal), changed: 0 };
      const changed = await each(chosen, deed, signal, (done, total) => setProgress({ deed, done, total }));
      return { batches: [], changed };
    },
    ({ batches, changed }, deed) => {
      if (deed !== 'sync') return `${plural(changed, 'repository')} ${DEEDS[deed].done}.`;
      return batches.length === 1 ? `A batch syncs ${what}.` : `${batches.length} batches sync ${what}.`;
    },
  );
  const begin = (deed: Deed) => {
    setAsks(null);
    work.mutate(deed, {
      onSuccess: ({ batches: [batchId, ...others] }) => {
        if (batchId === undefined) choose(null);
        else if (others.length > 0) void navigate({ to: '/batches' });
        else void navigate({ to: '/batches/$batchId', params: { batchId } });
      },
      onSettled: () => setProgress(null),
    });
  };
  const missing = countOf(fitting) - count;
  return (
    <Paper withBorder p="xs" role="toolbar" aria-label="What to do with the chosen repositories">
      <Group gap="xs">
        <Group gap="xs" mr="auto">
          <Text size="sm" fw={500}>
            {chosen.kind === 'fitting' ? `All ${what} that fit are chosen` : `${what} chosen`}
          </Text>
          {chosen.kind === 'some' && missing > 0 && (
            <Button size="compact-sm" variant="subtle" onClick={() => choose(fitting)}>
              Choose all {countOf(fitting).toLocaleString('en')} that fit
            </Button>
          )}
        </Group>
        {(Object.keys(DEEDS) as Deed[]).map((deed) => (
          <Button
            key={deed}
            size="xs"
            variant={deed === 'sync' ? 'filled' : 'default'}
            leftSection={DEEDS[deed].icon}
            loading={progress?.deed === deed}
            disabled={progress !== null && progress.deed !== deed}
            onClick={() => (chosen.kind === 'fitting' ? setAsks(deed) : begin(deed))}
          >
            {DEEDS[deed].label}
          </Button>
        ))}
        {progress === null ? (
          <CloseButton aria-label="Choose none" onClick={() => choose(null)} />
        ) : (
          <Button size="xs" variant="outline" color="red" onClick={() => stop.current?.abort()}>
            Stop
          </Button>
        )}
      </Group>
      {progress !== null && <HowFar progress={progress} />}
      <Modal
        opened={asks !== null}
        onClose={() => setAsks(null)}
        title={asks !== null && `${DEEDS[asks].label}: ${what}?`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {asks !== null && (
          <Stack>
            <Text size="sm">
              This is about everything that fits, not only what you see. {DEEDS[asks].means}
              {asks === 'sync' && count > A_BATCH && ` A batch takes ${A_BATCH.toLocaleString('en')} of them.`}
            </Text>
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setAsks(null)}>
                Not now
              </Button>
              <Button data-autofocus onClick={() => begin(asks)}>
                {DEEDS[asks].label}: all {count.toLocaleString('en')}
              </Button>
            </Group>
          </Stack>
        )}
      </Modal>
    </Paper>
  );
}

function HowFar({ progress: { deed, done, total } }: { progress: Progressing }) {
  const words = `${DEEDS[deed].doing} ${plural(total, 'repository')}`;
  return (
    <Stack gap={4} mt="xs">
      <Progress value={(done / Math.max(1, total)) * 100} aria-label={words} />
      <Text size="xs" c="dimmed" role="status">
        {words}: {done.toLocaleString('en')} done
      </Text>
    </Stack>
  );
}

/** Requests at a time: a browser has six connections, and people go on looking. */
const AT_ONCE = 4;

/**
 * A few at a time, until the signal says stop; what cannot be done is told at the end.
 * @returns how many were
 */
async function each(
  chosen: Chosen,
  decision: 'pause' | 'keep',
  signal: AbortSignal,
  onProgress: (done: number, total: number) => void,
): Promise<number> {
  const mirrors = await mirrorsOf(chosen, signal);
  const refused: string[] = [];
  let done = 0;
  const one = async ({ mirrorId, fullName }: Named) => {
    if (signal.aborted) return;
    try {
      await decide(mirrorId, decision);
    } catch (error) {
      refused.push(`${fullName}: ${(error as Error).message}`);
    }
    done += 1;
    onProgress(done, mirrors.length);
  };
  await pLimit(AT_ONCE).map(mirrors, one);
  if (refused.length > 0) {
    notifications.show({
      title: `Left unchanged: ${plural(refused.length, 'repository')}`,
      message: refused.slice(0, 5).join('\n'),
      color: 'yellow',
      autoClose: 15_000,
      style: { whiteSpace: 'pre-line' },
    });
  }
  return done - refused.length;
}
