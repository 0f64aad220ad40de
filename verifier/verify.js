// The verifier of proof bundles (FORMATS §10): bytes in, evidence out. Runs in a browser and in Node alike, asks
// no network, and either returns the evidence it established or throws ProofRejected {step, code, message} for
// the first step that failed; it never returns "false".
import { checkChain } from "./chain.js";
import { ProofRejected, Refused, rejecting } from "./errors.js";
import { evidenceOf } from "./evidence.js";
import { checkBrackets, checkCompleteness, checkCustody } from "./life.js";
import { COSIGNATURE, ED25519 } from "./notes.js";
import { readBundle } from "./reading.js";
import { reject, Run } from "./run.js";
import {
  checkAnchors, checkDetails, checkEntries, checkInclusion, checkLeaf, checkManifest, checkSignatures,
} from "./steps.js";

export { evidenceOf } from "./evidence.js";
export { ProofRejected, Refused } from "./errors.js";
export { STEP_TITLES } from "./findings.js";
export { parseKey } from "./notes.js";
export { BUNDLE_TYPE, MAX_BUNDLE_SIZE } from "./reading.js";

/** Steps 1 to 10 in their order, step 9 in two parts. */
const STEPS = [
  checkLeaf, checkInclusion, checkManifest, checkEntries, checkSignatures, checkAnchors, checkChain, checkDetails,
  checkCustody, checkBrackets, checkCompleteness,
];

/**
 * Check a bundle's bytes (Uint8Array) against what `reader` brings from outside; each member may be missing and
 * is then reported as not checked:
 *   network {chain_id, registry: hex without 0x} · logKey, witnesses [{key, replays}] from parseKey() ·
 *   witnessThreshold · cardKey {format_id, serial, secret} in canonical form · salt, trustedBlockHash (bytes) ·
 *   node, otherNodes [{domain, node}] (see chain.js) · ed25519 {library: true} to leave WebCrypto aside.
 * Throws Refused where the reader's own knowledge does not fit together, ProofRejected where the proof fails.
 */
export async function verify(raw, reader = {}) {
  return evidenceOf(await replay(raw, reader));
}

/** The same for a page that shows more than the evidence: the whole Run; a ProofRejected bears it as `run`. */
export async function replay(raw, reader = {}) {
  requireReader(reader);
  const bundle = await rejecting(0, "the bundle", () => readBundle(raw));
  const run = new Run(bundle, reader);
  try {
    checkReader(run);
    for (const check of STEPS) await check(run);
  } catch (error) {
    if (error instanceof ProofRejected) error.run = run;
    throw error;
  }
  return run;
}

/** Step 0, last part: the bundle is of the network and the log that the reader means. */
function checkReader(run) {
  const { bundle, reader } = run;
  const { chain_id: chain, registry } = bundle.network;
  run.established(0, "form");
  if (!reader.network) run.notChecked(0, "network_missing", "no_network");
  else if (reader.network.chain_id !== chain || reader.network.registry !== registry) {
    throw reject(0, "the bundle is of another network than the reader's", "wrong_network");
  } else run.established(0, "network", { chain });
  if (!reader.logKey) run.notChecked(0, "log_missing", "no_log_key");
  else if (reader.logKey.text !== bundle.log.key.text) {
    throw reject(0, "the bundle is of another log than the reader's", "wrong_log");
  } else run.established(0, "log", { origin: bundle.log.origin });
}

function requireReader(reader) {
  const { logKey, network, node, salt, trustedBlockHash, witnesses = [], witnessThreshold = 0 } = reader;
  const require = (holds, code, message) => {
    if (!holds) throw new Refused(code, message);
  };
  const asksChain = Boolean(node || trustedBlockHash);
  require(!asksChain || network, "no_network", "to ask a chain, name the network: chain id and registry");
  require(!trustedBlockHash || trustedBlockHash.length === 32, "block_hash_malformed", "a trusted block hash has 32 bytes");
  require(!salt || salt.length === 16, "salt_malformed", "a leaf's salt has 16 bytes");
  require(!logKey || logKey.kind === ED25519, "note_key_malformed", "a log's key is of type 1, Ed25519");
  const areWitnesses = witnesses.every(({ key }) => key.kind === COSIGNATURE);
  require(areWitnesses, "note_key_malformed", "a witness key is of type 4, cosignature/v1");
  const isPolicy = witnessThreshold >= 0 && witnessThreshold <= witnesses.length;
  require(isPolicy, "witness_policy", "the threshold is at most the number of witnesses");
}
