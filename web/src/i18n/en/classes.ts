/** Full names of the classes that the shipped models know, by code; others are shown as the model file names them. */
export const classes = {
  MEL: 'Melanoma',
  NV: 'Melanocytic nevus',
  BCC: 'Basal cell carcinoma',
  AK: 'Actinic keratosis',
  BKL: 'Keratosis-like lesion',
  DF: 'Dermatofibroma',
  VASC: 'Vascular lesion',
  SCC: 'Squamous cell carcinoma',
  malignant: 'Malignant (melanoma, carcinomas, actinic keratosis)',
} as const;
