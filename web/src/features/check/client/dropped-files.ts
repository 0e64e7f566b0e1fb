// The files of a drop, those in dropped folders included.

import { folderEntries } from '@/shared/folder-entries';

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile)
    return [
      await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)),
    ];
  const inside = await folderEntries(entry as FileSystemDirectoryEntry);
  inside.sort((a, b) => a.name.localeCompare(b.name));
  const lists = await Promise.all(inside.filter(({ name }) => !name.startsWith('.')).map(filesOf));
  return lists.flat();
}

/** Call it in the event itself: afterwards the transfer is empty. */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry?.() ?? null);
  const files = Array.from(transfer.files);
  if (!entries.some((entry) => entry?.isDirectory)) return files;
  const lists = await Promise.all(entries.filter((entry) => entry !== null).map(filesOf));
  return lists.flat();
}
