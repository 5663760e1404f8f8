import { Alert, Button, Code, Group, Stack, Stepper, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { post } from '../api/client.ts';
import { settingsQuery } from '../api/queries.ts';
import { useAction, useMay } from '../parts/actions.ts';
import { ConnectionTest } from '../parts/connections.tsx';
import { FilterPreviewForm } from '../parts/filter-preview.tsx';
import { Page } from '../parts/page.tsx';

/** Where nothing is mirrored yet: four steps, each with its test, and the last begins. */
export function FirstRun() {
  const [step, setStep] = useState(0);
  const may = useMay();
  const navigate = useNavigate();
  const start = useAction(() => post('/reconcile', { full: true }), 'Your stars are read now; the first syncs follow.');
  const next = (
    <Group>
      {step > 0 && (
        <Button variant="default" onClick={() => setStep(step - 1)}>
          Back
        </Button>
      )}
      <Button onClick={() => setStep(step + 1)}>Next</Button>
    </Group>
  );
  return (
    <Page
      title="Welcome to Starkeep"
      about="Four steps, then every repository you star on GitHub is kept on your own OneDev server."
    >
      {!may('admin') && (
        <Alert color="yellow" title="Your key may not test the settings">
          Log in with an admin key to go through these steps.
        </Alert>
      )}
      <Stepper active={step} onStepClick={setStep} size="sm" mt="sm" iconSize={32}>
        <Stepper.Step label="GitHub" description="Whose stars">
          <Stack mt="md" maw={720}>
            <Text>
              Make a token at GitHub under Settings, Developer settings, Fine-grained tokens, with the permissions
              Starring: read and Metadata: read (and Contents: read for private repositories). Give it to Starkeep and
              restart it:
            </Text>
            <Set name="GITHUB_TOKEN" />
            <Text size="sm" c="dimmed">
              Without a token, <Code>GITHUB_LOGIN</Code> names whose public stars are kept.
            </Text>
            {may('admin') && <ConnectionTest what="github" />}
            {next}
          </Stack>
        </Stepper.Step>
        <Stepper.Step label="OneDev" description="Where they are kept">
          <Stack mt="md" maw={720}>
            <Text>
              In OneDev, make an access token under My Profile, Access Tokens. It needs the right to create projects,
              and to write code in them.
            </Text>
            <Set name="ONEDEV_URL" />
            <Set name="ONEDEV_TOKEN" />
            {may('admin') && <ConnectionTest what="onedev" />}
            {next}
          </Stack>
        </Stepper.Step>
        <Stepper.Step label="What to keep" description="Everything, or less">
          <Stack mt="md">
            <Text maw={720}>
              Without filters every star is kept. Here you can try some; the preview has something to say once your
              stars were read.
            </Text>
            <FilterPreviewForm />
            {next}
          </Stack>
        </Stepper.Step>
        <Stepper.Step label="Start" description="Read the stars">
          <Stack mt="md" maw={720} align="flex-start">
            <Text>
              Starkeep reads your stars now, and then on a schedule. Each repository is copied with all its branches and
              tags, and looked at again whenever it may have changed.
            </Text>
            <Group>
              <Button variant="default" onClick={() => setStep(step - 1)}>
                Back
              </Button>
              {may('operate') && (
                <Button
                  loading={start.isPending}
                  onClick={() => start.mutate(undefined, { onSuccess: () => void navigate({ to: '/repositories' }) })}
                >
                  Start
                </Button>
              )}
            </Group>
          </Stack>
        </Stepper.Step>
      </Stepper>
    </Page>
  );
}

/** How a setting is given, and whether it is. */
function Set({ name }: { name: string }): ReactNode {
  const may = useMay();
  const settings = useQuery({ ...settingsQuery, enabled: may('admin') });
  const setting = settings.data?.settings.find((one) => one.name === name);
  const isSet = setting !== undefined && setting.origin !== 'unset';
  return (
    <Group gap="sm">
      <Code>{`${name}=${isSet && setting.value !== null ? setting.value : '…'}`}</Code>
      {setting && (
        <Text size="sm" c={isSet ? 'green' : 'dimmed'}>
          {isSet ? 'is set' : 'is not set yet'}
        </Text>
      )}
    </Group>
  );
}
