// How the page is built (vite) and its unit tests are run (vitest).
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { licenses } from './licenses';

// The page carries its own policy, so that it holds whoever serves it. Only in what is built: the
// development server needs an inline script. Popper and React set styles by script, which
// `style-src 'self'` allows; style attributes in markup are refused.
const contentSecurityPolicy: Plugin = {
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: {
        'http-equiv': 'Content-Security-Policy',
        content:
          "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; " +
          "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'",
      },
      injectTo: 'head-prepend',
    },
  ],
};

export default defineConfig({
  plugins: [react(), contentSecurityPolicy, licenses()],
  build: {
    target: 'es2022',
    // Everything is a file of its own under /assets/, which may be kept for ever.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
  },
  // By number: a bare system may not know the name localhost.
  server: { host: '127.0.0.1', proxy: { '/api': process.env.INSIGHTD_URL ?? 'http://127.0.0.1:8080' } },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/testing/setup.ts'],
    testTimeout: 30_000,
    restoreMocks: true,
    // A failure names what was looked for; the whole document would hide it.
    env: { DEBUG_PRINT_LIMIT: '1000' },
  },
});
