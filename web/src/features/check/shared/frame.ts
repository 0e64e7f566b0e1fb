// The arithmetic of the crop frame, in whole pixels of the upright picture.
import type { Rectangle } from '@core';

export interface Size {
  width: number;
  height: number;
}

/** The core takes no smaller part. */
export const leastSide = 16;

const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);

/** The nearest frame that lies inside the picture and is large enough. */
export function fit(frame: Rectangle, picture: Size): Rectangle {
  const width = clamp(Math.round(frame.width), Math.min(leastSide, picture.width), picture.width);
  const height = clamp(Math.round(frame.height), Math.min(leastSide, picture.height), picture.height);
  return {
    left: clamp(Math.round(frame.left), 0, picture.width - width),
    top: clamp(Math.round(frame.top), 0, picture.height - height),
    width,
    height,
  };
}

export function moved(frame: Rectangle, dx: number, dy: number, picture: Size): Rectangle {
  return fit({ ...frame, left: frame.left + dx, top: frame.top + dy }, picture);
}

export type Corner = 'nw' | 'ne' | 'sw' | 'se';
export const corners: readonly Corner[] = ['nw', 'ne', 'sw', 'se'];

/** The frame with one corner moved; the opposite corner stays. */
export function stretched(
  frame: Rectangle,
  corner: Corner,
  dx: number,
  dy: number,
  picture: Size,
): Rectangle {
  let { left, top } = frame;
  let right = left + frame.width;
  let bottom = top + frame.height;
  const least = Math.min(leastSide, picture.width, picture.height);
  if (corner.endsWith('w')) left = clamp(left + dx, 0, right - least);
  else right = clamp(right + dx, left + least, picture.width);
  if (corner.startsWith('n')) top = clamp(top + dy, 0, bottom - least);
  else bottom = clamp(bottom + dy, top + least, picture.height);
  return fit({ left, top, width: right - left, height: bottom - top }, picture);
}

/** The largest square in the middle: what a person most often wants. */
export function middleSquare(picture: Size): Rectangle {
  const side = Math.min(picture.width, picture.height);
  return fit(
    { left: (picture.width - side) / 2, top: (picture.height - side) / 2, width: side, height: side },
    picture,
  );
}

export function isWhole(frame: Rectangle, picture: Size): boolean {
  return frame.width === picture.width && frame.height === picture.height;
}
