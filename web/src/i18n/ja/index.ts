import type { Messages } from '../messages';
import { check } from './check';
import { classes } from './classes';
import { common } from './common';
import { model } from './model';
import { personalise } from './personalise';
import { problems } from './problems';

export const ja: Messages = { common, classes, check, personalise, model, problems };
