import type { Messages } from '../messages';

export const personalise: Messages['personalise'] = {
  title: 'モデルの個別化',
};
