// What a class is called in the present language.
import { text } from './language';

/** `named` is the model file's own name, for classes that no dictionary knows. */
export function className(code: string, named?: string): string {
  const known: Readonly<Record<string, string>> = text.value.classes;
  return known[code] ?? (named || code);
}
