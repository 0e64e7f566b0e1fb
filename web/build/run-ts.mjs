// Runs a TypeScript module of this folder in node: node build/run-ts.mjs bench/bench.ts [argument ...]
import { resolve } from 'node:path';
import { runnerImport } from 'vite';

const [file, ...rest] = process.argv.slice(2);
process.argv = [process.argv[0], file, ...rest];
await runnerImport(resolve(import.meta.dirname, '..', file));
