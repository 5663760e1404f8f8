import '@mantine/core/styles.css';
import '@mantine/charts/styles.css';
import '@mantine/notifications/styles.css';
import '@mantine/spotlight/styles.css';
import './styles.css';
import {
  Code,
  createTheme,
  defaultVariantColorsResolver,
  MantineProvider,
  parseThemeColor,
  type CSSVariablesResolver,
} from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { setNonce } from 'get-nonce';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/queries.ts';
import { router } from './router.tsx';

const theme = createTheme({
  respectReducedMotion: true,
  primaryColor: 'blue',
  primaryShade: 8,
  autoContrast: true,
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  headings: { fontWeight: '650' },
  // Coloured words on their own pale colour, dark enough to be read.
  variantColorResolver: (input) => {
    const resolved = defaultVariantColorsResolver(input);
    const name = parseThemeColor({ color: input.color ?? input.theme.primaryColor, theme: input.theme }).color;
    if (input.variant !== 'light' || !(name in input.theme.colors)) return resolved;
    const [dark, pale] = [`var(--mantine-color-${name}-9)`, `var(--mantine-color-${name}-2)`];
    return {
      ...resolved,
      background: `light-dark(${resolved.background}, color-mix(in srgb, ${resolved.background}, transparent 45%))`,
      color: `light-dark(color-mix(in srgb, ${dark}, black 40%), ${pale})`,
    };
  },
  components: { Code: Code.extend({ defaultProps: { fz: 'sm' } }) },
});

/** Dimmed and placeholder text is read by everybody too: 4.5 to 1 on what it stands on. */
const readable: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-dimmed': '#5c636a', '--mantine-color-placeholder': '#6b7280' },
  dark: { '--mantine-color-dimmed': '#a9adb3', '--mantine-color-placeholder': '#9aa0a6' },
});

/** What the page was sent with: style tags that carry it are let in. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';
setNonce(nonce);

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        defaultColorScheme="auto"
        cssVariablesResolver={readable}
        getStyleNonce={() => nonce}
      >
        <Notifications position="bottom-right" limit={4} />
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
