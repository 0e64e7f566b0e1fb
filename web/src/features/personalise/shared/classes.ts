// Which class a folder's or table's word means, and the code of a class that the model does not know yet.

export interface LabelClass {
  /** As the model's card has it, such as "MEL"; of a new class, made from its name. */
  code: string;
  name: string;
  /** One of the model's own classes. */
  shipped: boolean;
}

/** Capitals and digits only, so that "basal-cell carcinoma", "Basal cell Carcinoma" and "BASAL_CELL_CARCINOMA" agree. */
function bare(word: string): string {
  return word
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

/** The class whose code or name (in any of the given languages) the word is. */
export function matchClass(
  word: string,
  classes: readonly LabelClass[],
  otherNames: (code: string) => readonly string[] = () => [],
): LabelClass | undefined {
  const wanted = bare(word);
  if (wanted === '') return undefined;
  return classes.find(({ code, name }) =>
    [code, name, ...otherNames(code)].some((known) => bare(known) === wanted),
  );
}

/** A new class of that name with a code that no other has. */
export function newClass(name: string, classes: readonly LabelClass[]): LabelClass {
  const trimmed = name.trim().replace(/\s+/g, ' ').slice(0, 60);
  const stem = bare(trimmed).slice(0, 12) || 'NEW';
  const taken = new Set(classes.map(({ code }) => code));
  let code = stem;
  for (let count = 2; taken.has(code); count++) code = `${stem}${count}`;
  return { code, name: trimmed, shipped: false };
}
