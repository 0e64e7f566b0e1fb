import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: [{ find: /^@\//, replacement: `${resolve(import.meta.dirname, 'src')}/` }] },
  test: {
    include: ['tests/**/*.test.ts'],
    // Browsers side by side on two cores only slow each other down.
    fileParallelism: false,
    // A bound for machines that do many other things meanwhile; alone a test takes seconds.
    testTimeout: 400_000,
    hookTimeout: 400_000,
    // A loaded machine takes its time.
    expect: { poll: { timeout: 60_000 } },
    globalSetup: ['tests/support/pictures.ts'],
  },
});
