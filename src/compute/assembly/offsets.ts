/**
 * Addresses along one side of a matrix that is made of up to three nested axes, the last one running fastest: those of
 * entries `first` to `first + count`, into a table.
 *
 * @param lengths three numbers of entries
 * @param strides three distances between entries, in floats
 */
export function writeAddresses(
  table: usize,
  base: usize,
  first: usize,
  count: usize,
  lengths: usize,
  strides: usize,
): void {
  const middleLength = load<usize>(lengths, 4);
  const innerLength = load<usize>(lengths, 8);
  const outerStride = load<usize>(strides, 0) << 2;
  const middleStride = load<usize>(strides, 4) << 2;
  const innerStride = load<usize>(strides, 8) << 2;
  if (count == 0) return;
  const line = first / innerLength;
  let inner = first % innerLength;
  let middle = line % middleLength;
  let outer = line / middleLength;
  const end = table + (count << 2);
  while (table < end) {
    let address = base + outer * outerStride + middle * middleStride + inner * innerStride;
    const stop = min(end, table + ((innerLength - inner) << 2));
    for (; table < stop; table += 4) {
      store<usize>(table, address);
      address += innerStride;
    }
    inner = 0;
    middle += 1;
    if (middle == middleLength) {
      middle = 0;
      outer += 1;
    }
  }
}
