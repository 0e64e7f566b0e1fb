// English is the pattern: every other dictionary has the same texts, and the compiler says so where one is missing.
import type { en } from './en/index';

type Translated<T> = T extends (...values: infer Values) => string
  ? (...values: Values) => string
  : T extends string
    ? string
    : T extends readonly string[]
      ? readonly string[]
      : { readonly [Key in keyof T]: Translated<T[Key]> };

export type Messages = Translated<typeof en>;
