import { Alert, Button, Group, Stack, Stepper, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useId, useState, type ReactNode } from 'react';
import { api, ask } from '../api/client.ts';
import { settingsQuery, statsQuery } from '../api/queries.ts';
import type { Settings } from '../api/types.ts';
import { useMay } from '../parts/actions.ts';
import { ConnectionForm, isSetOrTyped } from '../parts/connections.tsx';
import { type Changes, problemsIn, until, useEnter } from '../parts/entering.ts';
import { FilterPreviewForm, type FilterTexts, settingsOfFilters } from '../parts/filter-preview.tsx';
import { Page, Section } from '../parts/page.tsx';
import { ErrorState, Shown } from '../parts/states.tsx';

/** Where nothing is mirrored yet: four steps, each with its test, and the last begins. */
export function FirstRun() {
  const may = useMay();
  const settings = useQuery({ ...settingsQuery, enabled: may('admin') });
  return (
    <Page
      title="Welcome to Starkeep"
      about="Four steps, then every repository you star on GitHub is kept on your own OneDev server."
    >
      {may('admin') ? (
        <Shown asked={settings} what="The settings">
          {(asked) => <Steps settings={asked} />}
        </Shown>
      ) : (
        <Alert color="yellow" title="Your key may not set this up">
          Log in with an admin key to go through the steps: `starkeep up` printed one at its first start.
        </Alert>
      )}
    </Page>
  );
}

function Steps({ settings: { settings } }: { settings: Settings }) {
  const isSet = (name: string) => isSetOrTyped(settings, {}, name);
  const hasGithub = isSet('GITHUB_TOKEN') || isSet('GITHUB_LOGIN');
  // Whoever comes back goes on where something lacks.
  const [step, setStep] = useState(hasGithub ? 1 : 0);
  const [github, setGithub] = useState<Changes>({});
  const [onedev, setOnedev] = useState<Changes>({});
  const [filters, setFilters] = useState<FilterTexts>({});
  const enter = useEnter();
  const back = (
    <Button variant="default" onClick={() => setStep(step - 1)}>
      Back
    </Button>
  );
  const knowsAccount = isSetOrTyped(settings, github, 'GITHUB_TOKEN') || isSetOrTyped(settings, github, 'GITHUB_LOGIN');
  const knowsTarget = ['ONEDEV_URL', 'ONEDEV_TOKEN'].every((name) => isSetOrTyped(settings, onedev, name));
  const afterGithub = () => {
    // Its stars are what the third step is about, so this much has to be so by then.
    const next = () => (setGithub({}), setStep(1));
    if (Object.keys(github).length === 0) next();
    else enter.mutate(github, { onSuccess: next });
  };
  return (
    <Stepper active={step} onStepClick={setStep} size="sm" mt="sm" iconSize={32} allowNextStepsSelect={false}>
      <Stepper.Step label="GitHub" description="Whose stars">
        <Step title="Whose stars are kept?">
          <ConnectionForm what="github" changes={github} onChange={setGithub} problems={problemsIn(enter.error)}>
            <Button disabled={!knowsAccount} loading={enter.isPending} onClick={afterGithub}>
              Next
            </Button>
          </ConnectionForm>
          {enter.error && <ErrorState error={enter.error} what="What was typed" />}
        </Step>
      </Stepper.Step>
      <Stepper.Step label="OneDev" description="Where they are kept">
        <Step title="Where are they kept?">
          <ConnectionForm what="onedev" changes={onedev} onChange={setOnedev}>
            {back}
            <Button disabled={!knowsTarget} onClick={() => setStep(2)}>
              Next
            </Button>
          </ConnectionForm>
        </Step>
      </Stepper.Step>
      <Stepper.Step label="What to keep" description="Everything, or less">
        <Stack mt="md">
          <Text maw={720}>Without filters every star is kept.</Text>
          <FilterPreviewForm texts={filters} onChange={setFilters} from="github">
            <Group mt="md">
              {back}
              <Button onClick={() => setStep(3)}>Next</Button>
            </Group>
          </FilterPreviewForm>
        </Stack>
      </Stepper.Step>
      <Stepper.Step label="Start" description="Read the stars">
        <Start changes={{ ...onedev, ...settingsOfFilters(filters) }} back={back} />
      </Stepper.Step>
    </Stepper>
  );
}

function Step({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <Stack mt="md" maw={720}>
      <Section title={title} id={id}>
        <Stack gap="sm">{children}</Stack>
      </Section>
    </Stack>
  );
}

/** The rest is entered, the stars are read, and the home page shows the first syncs. */
function Start({ changes, back }: { changes: Changes; back: ReactNode }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const enter = useEnter();
  const start = useMutation({
    mutationFn: async () => {
      if (Object.keys(changes).length > 0) await enter.mutateAsync(changes);
      await ask(api.POST('/reconcile', { body: { full: true } }));
      await until(
        async () => (await ask(api.GET('/stats'))).login !== null,
        'The star list was asked for, and nobody has read it yet. If a worker runs, its log says why.',
      );
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: statsQuery.queryKey });
      void navigate({ to: '/' });
    },
  });
  return (
    <Stack mt="md" maw={720} align="flex-start">
      <Text>
        Starkeep reads your stars now, and then on a schedule. Each repository is copied with all its branches and tags,
        and looked at again whenever it may have changed. What you unstar is deleted on OneDev only after a proof and a
        time of grace, and a few a day at most; all of that can be set.
      </Text>
      <Group>
        {back}
        <Button loading={start.isPending} onClick={() => start.mutate()}>
          Start
        </Button>
      </Group>
      <div aria-live="polite">
        {start.isPending && (
          <Text size="sm" c="dimmed">
            {enter.isPending ? 'Starkeep takes the settings over …' : 'Your stars are being read …'}
          </Text>
        )}
        {start.error && <ErrorState error={start.error} what="The start" />}
      </div>
    </Stack>
  );
}
