// A table (CSV or TSV) that says which class each picture is of: one column of words, or a column of 0 and 1 for every
// class as ISIC's tables have them.
import Papa from 'papaparse';

export interface LabelTable {
  /** In the table's order; `image` as written there, which may lack folder and ending. */
  rows: { image: string; label: string }[];
  /** Lines (1 is the first of the file) that name no picture or no single class. */
  badLines: number[];
}

export type TableFault = 'empty' | 'no-columns';

export class LabelTableError extends Error {
  constructor(readonly fault: TableFault) {
    super(`the table of labels is not usable: ${fault}`);
  }
}

const imageHeaders = [
  'image',
  'imageid',
  'imagename',
  'isicid',
  'file',
  'filename',
  'picture',
  'path',
  'id',
  '画像',
  'ファイル',
  'ファイル名',
];
const labelHeaders = [
  'label',
  'class',
  'classname',
  'diagnosis',
  'diagnosis1',
  'dx',
  'category',
  'target',
  'クラス',
  'ラベル',
  '診断',
  '分類',
];

function bare(header: string): string {
  return header
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

/** @throws LabelTableError */
export function readLabelTable(text: string): LabelTable {
  const lines = Papa.parse<string[]>(text.replace(/^\uFEFF/, ''), { skipEmptyLines: 'greedy' }).data;
  const [header, ...body] = lines;
  if (!header || lines.length === 0) throw new LabelTableError('empty');
  const names = header.map(bare);
  const image = names.findIndex((name) => imageHeaders.includes(name));
  const label = names.findIndex((name) => labelHeaders.includes(name));
  if (image >= 0 && label >= 0) return wordColumn(body, 2, image, label);
  if (image >= 0) {
    const columns = oneHotColumns(header, body, image);
    if (columns.length >= 2) return oneHot(header, body, image, columns);
  }
  // Without a header: a file name, then a word.
  if (header.length === 2 && /\.(jpe?g|png)$/i.test(header[0] ?? '')) return wordColumn(lines, 1, 0, 1);
  throw new LabelTableError('no-columns');
}

function wordColumn(body: string[][], firstLine: number, image: number, label: number): LabelTable {
  return collect(body, firstLine, (line) => ({ image: line[image] ?? '', label: line[label] ?? '' }));
}

function oneHotColumns(header: string[], body: string[][], image: number): number[] {
  return header
    .map((_, column) => column)
    .filter(
      (column) => column !== image && body.every((line) => /^[01](\.0+)?$/.test(line[column]?.trim() ?? '')),
    );
}

function oneHot(header: string[], body: string[][], image: number, columns: number[]): LabelTable {
  return collect(body, 2, (line) => {
    const ones = columns.filter((column) => Number(line[column]) === 1);
    const [only = -1] = ones;
    return { image: line[image] ?? '', label: ones.length === 1 ? (header[only] ?? '') : '' };
  });
}

function collect(
  body: string[][],
  firstLine: number,
  read: (line: string[]) => { image: string; label: string },
): LabelTable {
  const table: LabelTable = { rows: [], badLines: [] };
  body.forEach((line, index) => {
    const { image, label } = read(line);
    if (image.trim() === '' || label.trim() === '') table.badLines.push(index + firstLine);
    else table.rows.push({ image: image.trim(), label: label.trim() });
  });
  return table;
}

/** The key by which a table's word and a file agree: the file's name without folders and ending. */
export function imageKey(path: string): string {
  const file = path.replaceAll('\\', '/').split('/').at(-1) ?? path;
  return file.replace(/\.(jpe?g|png|heic|heif|webp|bmp|tiff?)$/i, '').toLowerCase();
}
