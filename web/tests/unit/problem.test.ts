// What the core says becomes the sentence that a person reads.
import { expect, test } from 'vitest';
import { isRefusal, toProblem } from '@/shared/problem';

const coreError = (kind: string) => Object.assign(new Error('what it said'), { name: 'CoreError', kind });

test('memory that the core could not get is said as such, and is no fault of the file', () => {
  expect(toProblem(coreError('memory'))).toEqual({ code: 'out-of-memory', detail: 'what it said' });
  expect(isRefusal(coreError('memory'))).toBe(false);
  expect(isRefusal(coreError('internal'))).toBe(false);
  expect(isRefusal(coreError('format'))).toBe(true);
  expect(toProblem(coreError('internal')).code).toBe('runtime');
});
