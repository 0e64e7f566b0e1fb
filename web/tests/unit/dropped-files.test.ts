// Dropped folders of which parts cannot be read.
import { expect, test } from 'vitest';
import { filesOf } from '@/shared/dropped-files';

interface Entry {
  name: string;
  isFile: boolean;
}

const file = (name: string): Entry & Pick<FileSystemFileEntry, 'file'> => ({
  name,
  isFile: true,
  file: (done) => done(new File(['picture'], name)),
});
const gone = (name: string): Entry & Pick<FileSystemFileEntry, 'file'> => ({
  name,
  isFile: true,
  file: (_, fail) => fail?.(new DOMException('it was moved', 'NotFoundError')),
});
const folder = (name: string, inside: Entry[] | null) => ({
  name,
  isFile: false,
  createReader: () => {
    let left = inside;
    return {
      readEntries: (done: (entries: Entry[]) => void, fail: (error: DOMException) => void) => {
        if (left === null) return fail(new DOMException('not allowed', 'NotReadableError'));
        const now = left;
        left = [];
        done(now);
      },
    };
  },
});

test('what cannot be read is named, and the rest is taken in with its folders', async () => {
  const entries = [
    folder('clinic', [file('b.jpg'), gone('a.jpg'), folder('mel', [file('c.jpg'), file('.hidden')])]),
    folder('locked', null),
    file('d.jpg'),
  ];
  const { files, unreadable } = await filesOf(entries as unknown as FileSystemEntry[]);
  expect(files.map((one) => [...one.folders, one.file.name].join('/'))).toEqual([
    'clinic/b.jpg',
    'clinic/mel/c.jpg',
    'd.jpg',
  ]);
  expect(unreadable).toEqual(['a.jpg', 'locked']);
});
