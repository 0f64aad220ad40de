// Two ways to say no. `code` is stable and the same as in the Python verifier; a message never holds a key.

/** Something malformed or untrue, found by a rule that does not know which step asked. */
export class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.name = "Refused";
    this.code = code;
  }
}

/** A proof that fails: `step` is the number of the check in FORMATS §10. */
export class ProofRejected extends Error {
  constructor(step, message, code = "proof_rejected") {
    super(message);
    this.name = "ProofRejected";
    this.step = step;
    this.code = code;
  }
}

/** Turn a refusal inside `work` into the failure of `step`, saying what failed. */
export async function rejecting(step, what, work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refused) throw new ProofRejected(step, `${what}: ${error.message}`, error.code);
    throw error;
  }
}
