// The files of a drop, those in dropped folders included.

function readAll(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  return new Promise((resolve, reject) => {
    // A reader gives a hundred entries at most each time, and none at the end.
    const more = () =>
      reader.readEntries((entries) => {
        if (entries.length === 0) return resolve(all);
        all.push(...entries);
        more();
      }, reject);
    more();
  });
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile)
    return [
      await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)),
    ];
  const inside = await readAll(entry as FileSystemDirectoryEntry);
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
