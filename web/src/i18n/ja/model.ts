import type { Messages } from '../messages';

export const model: Messages['model'] = {
  title: 'モデルについて',
};
