// The worker: ONNX Runtime and the core, behind one face. Each view adds its own part.
import { expose } from 'comlink';
import { checkFace } from '@/features/check/worker/check-face';
import { engineFace } from './engine-face';

const face = { ...engineFace, ...checkFace };
export type WorkerFace = typeof face;

expose(face);
