/** The view "model". */
export const model = {
  title: 'The model',
} as const;
