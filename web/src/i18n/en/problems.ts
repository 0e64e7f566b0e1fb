// A sentence for every way in which something can go wrong: what happened, then what the person can do.
import type { ProblemCode } from '@/shared/problem';

export const problems = {
  'unreadable-picture':
    'This picture is in a format, or a rare kind of JPEG or PNG, that cannot be read here. Save it as an ordinary JPEG or PNG.',
  heic: 'This is a HEIC picture, the format of iPhones. Save or export it as JPEG and try again.',
  'not-a-picture': 'This file is not a picture. Pictures must be JPEG or PNG files.',
  'empty-file': 'This file is empty.',
  'picture-too-large': 'This picture is too large. Pictures of up to 100 megapixels can be read.',
  'picture-too-small': 'This picture is too small to be judged. Each side must have at least 16 pixels.',
  'damaged-picture': 'This picture file is damaged or cut off. Copy it again from where it came from.',
  'model-download': 'The model could not be fetched. Check the network and try again.',
  'model-corrupt':
    'The model that arrived is not the one that this site ships. Try again; if it stays so, tell the site’s owner.',
  'model-refused': 'This file is not a model of this project.',
  'model-changed': 'Another model was opened meanwhile. Train again with the one that is open now.',
  'no-simd':
    'This browser cannot run the model: its WebAssembly has no SIMD instructions. Use a current version of Chrome, Edge, Firefox or Safari.',
  'no-webassembly':
    'This browser cannot run the model: WebAssembly is switched off or missing. Use a current version of Chrome, Edge, Firefox or Safari.',
  'insecure-page':
    'This page was opened over an unprotected connection, where browsers withhold what it needs. Open it with https:// or on localhost.',
  runtime: 'The model stopped with an error. Try again; reload the page if it stays so.',
  'out-of-memory': 'There was not enough memory. Close other pages, or use a smaller picture.',
  'storage-full':
    'This device has no room left to keep the model or your data. Everything on the page still works; free some space to have it without a network.',
  'storage-unavailable':
    'This browser does not let the page keep data (a private window, perhaps). Everything works until the page is closed.',
  'camera-refused':
    'The camera was not allowed. Allow it in the browser’s address bar, or pick a picture instead.',
  'camera-missing': 'No camera was found. Pick a picture instead.',
  'camera-busy':
    'There is a camera, but it cannot be started. Close other programs and pages that use it and try again, or pick a picture instead.',
  'head-refused': 'This head does not belong to the model that is open.',
  aborted: 'Stopped.',
  unknown: 'Something went wrong that was not foreseen.',
} as const satisfies Record<ProblemCode, string>;
