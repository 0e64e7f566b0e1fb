import type { Messages } from '../messages';

export const classes: Messages['classes'] = {
  MEL: 'メラノーマ（悪性黒色腫）',
  NV: '色素性母斑',
  BCC: '基底細胞癌',
  AK: '日光角化症',
  BKL: '角化症様病変',
  DF: '皮膚線維腫',
  VASC: '血管性病変',
  SCC: '有棘細胞癌',
  malignant: '悪性（メラノーマ、癌、日光角化症）',
};
