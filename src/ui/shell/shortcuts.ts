import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { openSearch } from './search.tsx';

/** `g` and a letter goes to a page. */
export const GOES = {
  h: { to: '/', label: 'Home' },
  r: { to: '/repositories', label: 'Repositories' },
  d: { to: '/deletions', label: 'Deletions' },
  b: { to: '/batches', label: 'Batches' },
  w: { to: '/deliveries', label: 'Deliveries (webhooks)' },
  a: { to: '/alerts', label: 'Alerts' },
  l: { to: '/audit', label: 'Audit log' },
  s: { to: '/settings', label: 'Settings' },
} as const;

/** The second key has to follow so soon. */
const FOLLOWS_MS = 1_500;

/** The search field of a page that has its own. */
export const PAGE_SEARCH = 'page-search';

export function useShortcuts({ help }: { help: () => void }): void {
  const navigate = useNavigate();
  useEffect(() => {
    let goes = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('[role="dialog"]')) return;
      const go = Date.now() - goes < FOLLOWS_MS ? GOES[event.key as keyof typeof GOES] : undefined;
      goes = 0;
      if (go) {
        event.preventDefault();
        return void navigate({ to: go.to });
      }
      if (event.key === 'g') goes = Date.now();
      if (event.key === '?') help();
      if (event.key === '/') {
        event.preventDefault();
        const field = document.getElementById(PAGE_SEARCH);
        if (field) field.focus();
        else openSearch();
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [navigate, help]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'));
}
