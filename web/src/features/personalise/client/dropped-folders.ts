// The files of a drop or of a folder input, with the folders they lie in: a folder's name is a class.

import { folderEntries } from '@/shared/folder-entries';

export interface PathFile {
  file: File;
  /** Names of the folders around it, outermost first. */
  folders: string[];
}

/** Call it in the event itself: afterwards the transfer is empty. */
export async function droppedPathFiles(transfer: DataTransfer): Promise<PathFile[]> {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry?.() ?? null);
  const files = Array.from(transfer.files);
  if (!entries.some((entry) => entry?.isDirectory)) return files.map((file) => ({ file, folders: [] }));
  const lists = await Promise.all(
    entries.filter((entry) => entry !== null).map((entry) => filesOf(entry, [])),
  );
  return lists.flat();
}

/** Of an <input type="file">, with or without webkitdirectory. */
export function chosenPathFiles(files: FileList | null): PathFile[] {
  return Array.from(files ?? [])
    .map((file) => ({ file, folders: file.webkitRelativePath.split('/').slice(0, -1) }))
    .filter(({ file }) => !file.name.startsWith('.'));
}

async function filesOf(entry: FileSystemEntry, folders: string[]): Promise<PathFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [{ file, folders }];
  }
  const inside = await folderEntries(entry as FileSystemDirectoryEntry);
  const lists = await Promise.all(
    inside
      .filter(({ name }) => !name.startsWith('.'))
      .sort((a, b) => a.name.localeCompare(b.name))
      .map((one) => filesOf(one, [...folders, entry.name])),
  );
  return lists.flat();
}
