/** How many rows of an array sorted by `keyOf` lie below `limit`: bisection, for a bundle may hold thousands. */
export function countBelow(rows, limit, keyOf) {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keyOf(rows[middle]) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
