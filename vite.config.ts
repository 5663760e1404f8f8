import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The web UI: `npm run build:ui` builds it into dist/ui, where the api finds it. */
export default defineConfig({
  root: 'src/ui',
  plugins: [react()],
  build: {
    outDir: '../../dist/ui',
    emptyOutDir: true,
    target: 'es2022',
    // The policy of our pages lets nothing in that is written into another file; small pictures may be.
    assetsInlineLimit: (path) => path.endsWith('.svg'),
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  // `npx vite` while working on it, beside a running api.
  server: { proxy: { '/api': 'http://127.0.0.1:8000' } },
});
