// The worker: ONNX Runtime and the core, behind one face. Each view adds its own part.
import { expose } from 'comlink';
import { checkFace } from '@/features/check/worker/check-face';
import { personaliseFace } from '@/features/personalise/worker/personalise-face';
import { engineFace } from './engine-face';

const face = { ...engineFace, ...checkFace, ...personaliseFace };
export type WorkerFace = typeof face;

expose(face);
