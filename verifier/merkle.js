// Merkle proofs of RFC 9162 §2.1 over SHA-256. Index and size fix the shape of a proof: no sides are stored.
// Positions go up to 2^53-1, past what bit operations on numbers can do, so they are BigInt inside.
import { equal } from "./bytes.js";
import { Refused } from "./errors.js";
import { leafHash, nodeHash } from "./hashes.js";

/** Succeeds if `path` places the leaf hash at `index` of the tree of `size` leaves with `root`. */
export async function verifyInclusion(leaf, index, size, path, root) {
  if (!equal(await rootFromInclusion(leaf, index, size, path), root)) {
    throw invalid("The inclusion proof leads to another root: ask for a new proof.");
  }
}

/** The same for leaf data that is not yet hashed. */
export async function verifyEntry(data, index, size, path, root) {
  await verifyInclusion(await leafHash(data), index, size, path, root);
}

/** The only root of a tree of `size` leaves under which `path` places the leaf hash at `index`. */
export async function rootFromInclusion(leaf, index, size, path) {
  requireShape(index, size, path);
  // Below the height where the ways to `index` and to the last leaf part, the tree around `index` is
  // complete and its bits say left or right; above it, every sibling still to come is on the left.
  const [at, inner] = [BigInt(index), innerHeight(index, size)];
  let node = leaf;
  for (const [height, sibling] of path.entries()) {
    const isRight = height >= inner || bit(at, height);
    node = isRight ? await nodeHash(sibling, node) : await nodeHash(node, sibling);
  }
  return node;
}

/** Throws unless `path` has the one length that `index` and `size` allow. */
export function requireShape(index, size, path) {
  requirePosition(index, size);
  const inner = innerHeight(index, size);
  requireLength(path, inner + ones(BigInt(index) >> BigInt(inner)));
}

/** Succeeds if `path` proves that the new tree begins with all leaves of the old one, in order. */
export async function verifyConsistency(oldSize, oldRoot, newSize, newRoot, path) {
  if (oldSize < 1) throw invalid("A consistency proof starts from a tree of at least one leaf.");
  requirePosition(oldSize - 1, newSize);
  const roots = oldSize === newSize ? sameRoot(oldRoot, path) : await climb(oldSize, oldRoot, newSize, path);
  if (!equal(roots.old, oldRoot) || !equal(roots.new, newRoot)) {
    throw invalid("The consistency proof leads to another root: history does not match.");
  }
}

function sameRoot(root, path) {
  requireLength(path, 0);
  return { old: root, new: root };
}

/** Both roots that the path adds up to (RFC 9162 §2.1.4.2), for oldSize < newSize. */
async function climb(oldSize, oldRoot, newSize, path) {
  const last = BigInt(oldSize) - 1n;
  // The largest complete subtree at the old tree's right edge is where both climbs start.
  let start = 0;
  while (!bit(BigInt(oldSize), start)) start += 1;
  const inner = innerHeight(oldSize - 1, newSize);
  const isWhole = BigInt(oldSize) === 1n << BigInt(start); // then that subtree is the old tree itself
  requireLength(path, inner - start + ones(last >> BigInt(inner)) + (isWhole ? 0 : 1));
  const [seed, siblings] = isWhole ? [oldRoot, path] : [path[0], path.slice(1)];
  const roots = { old: seed, new: seed };
  for (const [step, sibling] of siblings.entries()) {
    const height = start + step;
    if (height >= inner || bit(last, height)) {
      roots.old = await nodeHash(sibling, roots.old);
      roots.new = await nodeHash(sibling, roots.new);
    } else {
      roots.new = await nodeHash(roots.new, sibling);
    }
  }
  return roots;
}

function innerHeight(index, size) {
  const parted = BigInt(index) ^ (BigInt(size) - 1n);
  return parted === 0n ? 0 : parted.toString(2).length;
}

const bit = (number, height) => ((number >> BigInt(height)) & 1n) === 1n;
const ones = (number) => number.toString(2).replaceAll("0", "").length;

function requirePosition(index, size) {
  if (!(index >= 0 && index < size)) {
    throw invalid("A proof needs an index (or old size) that lies inside the tree.");
  }
}

function requireLength(path, expected) {
  if (path.length !== expected) {
    throw invalid("The proof has too many or too few hashes for its index and size.");
  }
}

const invalid = (message) => new Refused("merkle_proof_invalid", message);
