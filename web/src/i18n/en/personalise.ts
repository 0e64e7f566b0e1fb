/** The view "personalise". */
export const personalise = {
  title: 'Personalise the model',
} as const;
