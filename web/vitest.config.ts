import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: [{ find: /^@\//, replacement: `${resolve(import.meta.dirname, 'src')}/` }] },
  test: {
    include: ['tests/**/*.test.ts'],
    // Much of a browser's test is waiting; more browsers than this on two cores slow each other down.
    maxWorkers: 2,
    // A bound for machines that do many other things meanwhile; alone a test takes seconds.
    testTimeout: 400_000,
    hookTimeout: 400_000,
    // A loaded machine takes its time.
    expect: { poll: { timeout: 60_000 } },
    globalSetup: ['tests/support/pictures.ts'],
  },
});
