import type { Messages } from '../messages';

export const check: Messages['check'] = {
  title: '病変を調べる',
};
