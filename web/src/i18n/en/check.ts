/** The view "check". */
export const check = {
  title: 'Check a lesion',
} as const;
