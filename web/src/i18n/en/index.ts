import { check } from './check';
import { common } from './common';
import { model } from './model';
import { personalise } from './personalise';
import { problems } from './problems';

export const en = { common, check, personalise, model, problems } as const;
