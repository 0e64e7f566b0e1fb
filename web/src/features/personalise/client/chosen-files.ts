import type { PathFile } from '@/shared/dropped-files';

/** Of an <input type="file">, with or without webkitdirectory. */
export function chosenPathFiles(files: FileList | null): PathFile[] {
  return Array.from(files ?? [])
    .map((file) => ({ file, folders: file.webkitRelativePath.split('/').slice(0, -1) }))
    .filter(({ file }) => !file.name.startsWith('.'));
}
