// Images lie row by row with channels last. Lengths are in pixels, and what they hold in floats; addresses in bytes.

/** Adds floats to as many others. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function addFloats(to: usize, from: usize, count: usize): void {
  const end = to + ((count & ~3) << 2);
  for (; to < end; to += 16, from += 16) v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
  for (let i: usize = 0; i < (count & 3); i++, to += 4, from += 4) store<f32>(to, load<f32>(to) + load<f32>(from));
}

/** Copies images with zeros around each; `row`, `left` and `right` are in bytes, `top` and `bottom` in rows. */
export function pad(
  from: usize,
  to: usize,
  images: usize,
  height: usize,
  row: usize,
  top: usize,
  bottom: usize,
  left: usize,
  right: usize,
): void {
  const whole = left + row + right;
  for (let image: usize = 0; image < images; image++) {
    memory.fill(to, 0, top * whole + left);
    to += top * whole + left;
    for (let y: usize = 0; y < height; y++, from += row) {
      memory.copy(to, from, row);
      // What is right of this row and left of the next one lies beside each other.
      memory.fill(to + row, 0, right + (y + 1 < height ? left : 0));
      to += y + 1 < height ? whole : row + right;
    }
    memory.fill(to, 0, bottom * whole);
    to += bottom * whole;
  }
}

/**
 * Adds patches of height × width pixels to the images they were taken from, which begin as zeros; what of a patch lies
 * outside is left out. The patches of an image come row by row, one for each place of the filter.
 */
export function addPatches(
  patches: usize,
  to: usize,
  images: usize,
  height: usize,
  width: usize,
  channels: usize,
  placesDown: usize,
  placesAcross: usize,
  patchHeight: usize,
  patchWidth: usize,
  strideDown: usize,
  strideAcross: usize,
  top: usize,
  left: usize,
): void {
  const row = (width * channels) << 2;
  const patchRow = (patchWidth * channels) << 2;
  for (let image: usize = 0; image < images; image++, to += height * row) {
    memory.fill(to, 0, height * row);
    for (let i: usize = 0; i < placesDown; i++) {
      const y = <isize>(i * strideDown) - <isize>top;
      for (let j: usize = 0; j < placesAcross; j++) {
        const x = <isize>(j * strideAcross) - <isize>left;
        const first = max<isize>(0, -x);
        const last = min<isize>(patchWidth, <isize>width - x);
        const pixels = max<isize>(0, last - first);
        for (let k: usize = 0; k < patchHeight; k++, patches += patchRow) {
          const at = y + <isize>k;
          if (at < 0 || at >= <isize>height) continue;
          const begin = ((first * channels) << 2) as usize;
          const place = to + at * row + (((x + first) * channels) << 2);
          addFloats(place, patches + begin, pixels * channels);
        }
      }
    }
  }
}

/**
 * Adds the gradient of the maxima of one window to that of its entries: of each channel to the first that is the
 * maximum. Branches would be guessed wrong half of the time.
 */
export function addToLargest(
  x: usize,
  largest: usize,
  gradient: usize,
  to: usize,
  rows: usize,
  columns: usize,
  channels: usize,
  row: usize,
): void {
  const pixel = channels << 2;
  let channel: usize = 0;
  for (; channel + 4 <= channels; channel += 4) {
    const offset = channel << 2;
    const wanted = v128.load(largest + offset);
    let left = v128.load(gradient + offset);
    for (let i: usize = 0; i < rows; i++) {
      for (let j: usize = 0, at = i * row + offset; j < columns; j++, at += pixel) {
        const here = f32x4.eq(v128.load(x + at), wanted);
        v128.store(to + at, f32x4.add(v128.load(to + at), v128.and(left, here)));
        left = v128.andnot(left, here);
      }
    }
  }
  for (; channel < channels; channel++) {
    const offset = channel << 2;
    const wanted = load<f32>(largest + offset);
    let left = load<f32>(gradient + offset);
    for (let i: usize = 0; i < rows; i++) {
      for (let j: usize = 0, at = i * row + offset; j < columns; j++, at += pixel) {
        const here = load<f32>(x + at) == wanted;
        store<f32>(to + at, load<f32>(to + at) + select<f32>(left, 0, here));
        left = select<f32>(0, left, here);
      }
    }
  }
}
