// The files of a drop, those in dropped folders included.

export interface PathFile {
  file: File;
  /** Names of the folders around it, outermost first. */
  folders: string[];
}

export interface Dropped {
  files: PathFile[];
  /** Names of files and folders that could not be read: moved since, on a share that is gone, not allowed. */
  unreadable: string[];
}

/** Call it in the event itself: afterwards the transfer is empty. */
export async function droppedFiles(transfer: DataTransfer): Promise<Dropped> {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry?.() ?? null);
  const files = Array.from(transfer.files);
  if (!entries.some((entry) => entry?.isDirectory))
    return { files: files.map((file) => ({ file, folders: [] })), unreadable: [] };
  return filesOf(entries.filter((entry) => entry !== null));
}

/** What one entry cannot give keeps nobody from the others. */
export async function filesOf(entries: readonly FileSystemEntry[]): Promise<Dropped> {
  const dropped: Dropped = { files: [], unreadable: [] };
  for (const part of await Promise.all(entries.map((entry) => read(entry, [])))) {
    dropped.files.push(...part.files);
    dropped.unreadable.push(...part.unreadable);
  }
  return dropped;
}

async function read(entry: FileSystemEntry, folders: string[]): Promise<Dropped> {
  try {
    if (entry.isFile)
      return { files: [{ file: await fileOf(entry as FileSystemFileEntry), folders }], unreadable: [] };
    const inside = await folderEntries(entry as FileSystemDirectoryEntry);
    const visible = inside
      .filter(({ name }) => !name.startsWith('.'))
      .sort((a, b) => a.name.localeCompare(b.name));
    const parts = await Promise.all(visible.map((one) => read(one, [...folders, entry.name])));
    return {
      files: parts.flatMap(({ files }) => files),
      unreadable: parts.flatMap(({ unreadable }) => unreadable),
    };
  } catch {
    return { files: [], unreadable: [entry.name] };
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** All entries of a folder, in no order; hidden files included. */
function folderEntries(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
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
