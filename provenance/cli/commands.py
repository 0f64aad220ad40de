"""Every command by name: where its function is, who uses it, and its one line in the overview."""

from __future__ import annotations

from typing import Final, NamedTuple

SECTIONS: Final = {
    "all": "For everybody",
    "operator": "For the operator, on the machine of the database",
    "supplier": "For suppliers",
    "platform": "For platforms",
    "buyer": "For buyers and auditors",
}


class Entry(NamedTuple):
    """A command of the overview; ``target`` is ``module:attribute``."""

    section: str
    target: str
    help: str


COMMANDS: Final[dict[str, Entry]] = {
    "demo": Entry("all", "provenance.demo.command:demo", "Run the whole story on sample files and check it."),
    "sample": Entry("all", "provenance.cli.sample:sample", "Make seeded supplier files to try things with."),
    "doctor": Entry("all", "provenance.cli.doctor:doctor", "Say what this machine has and what is missing."),
    "bench": Entry("all", "provenance.cli.bench:bench", "Measure each job beside its reference, here."),
    "init": Entry("operator", "provenance.cli.init:init", "Make key files, database and the first operator."),
    "serve": Entry("operator", "provenance.cli.running:serve", "Run the HTTP API."),
    "worker": Entry(
        "operator", "provenance.cli.running:worker", "Run sequencing, anchoring and other chores."
    ),
    "anchor": Entry("operator", "provenance.cli.running:anchor", "Anchor the newest checkpoint now."),
    "party": Entry("operator", "provenance.cli.party:party", "Admit, suspend, list parties."),
    "credential": Entry(
        "operator", "provenance.cli.credential:credential", "Issue, revoke, list API tokens."
    ),
    "reviewer": Entry(
        "operator", "provenance.cli.reviewer:reviewer", "Register the people who decide claims."
    ),
    "chain": Entry("operator", "provenance.cli.chain:chain", "Local testnet and registry."),
    "log": Entry("operator", "provenance.cli.log:log", "Proofs of entries, the log as files, a new log key."),
    "fsck": Entry("operator", "provenance.cli.fsck:fsck", "Check the database against its log."),
    "erase": Entry("operator", "provenance.cli.erasing:erase", "Forget the sealed details of one entry."),
    "witness": Entry("buyer", "provenance.cli.witness:witness", "Run a witness that replays, then signs."),
    "audit": Entry(
        "buyer", "provenance.cli.auditing:audit", "Replay a public log, recompute the reports of a platform."
    ),
    "keys": Entry("supplier", "provenance.cli.keystore:keys", "Make the keystore that signs batches."),
    "register": Entry(
        "supplier", "provenance.cli.registering:register", "Register a file of keys: check, sign."
    ),
    "batch": Entry("supplier", "provenance.cli.batch:batch", "Look at a batch, or give it up."),
    "transfer": Entry("platform", "provenance.cli.transfer:transfer", "Hand keys over, two-sided."),
    "verify": Entry("platform", "provenance.cli.looking:verify", "Ask whether keys are good to sell."),
    "reserve": Entry("platform", "provenance.cli.reserving:reserve", "Hold keys for a checkout."),
    "extend": Entry("platform", "provenance.cli.reserving:extend", "Hold reserved keys longer."),
    "release": Entry("platform", "provenance.cli.reserving:release", "Let reserved keys go."),
    "sell": Entry("platform", "provenance.cli.trading:sell", "Sell keys: verify and claim in one step."),
    "deliver": Entry("platform", "provenance.cli.trading:deliver", "Record that a sold key was shown."),
    "redeem": Entry("platform", "provenance.cli.trading:redeem", "Record that a key was used."),
    "reinstate": Entry("platform", "provenance.cli.trading:reinstate", "Undo a sale, within 10 days."),
    "void": Entry("platform", "provenance.cli.trading:void", "End keys for good, or recall a range."),
    "reissue": Entry("platform", "provenance.cli.trading:reissue", "Record the replacement of a key."),
    "replacements": Entry(
        "platform", "provenance.cli.replacements:replacements", "Put keys aside that replace faulty ones."
    ),
    "terms": Entry("platform", "provenance.cli.terms:terms", "Judge, publish, find warranty terms."),
    "order": Entry("platform", "provenance.cli.order:order", "Sell under warranty; see how an order stands."),
    "escrow": Entry(
        "platform", "provenance.cli.escrow:escrow", "Deposits in a contract: offer, pay, prove, withdraw."
    ),
    "claim": Entry("platform", "provenance.cli.claim:claim", "File, decide and pay claims."),
    "disclosure": Entry(
        "platform", "provenance.cli.disclosure:disclosure", "Show licences and filings, and how they stand."
    ),
    "issuer": Entry("platform", "provenance.cli.issuer:issuer", "Check an issuer's file, and ask it."),
    "events": Entry("platform", "provenance.cli.looking:events", "What was done under your address."),
    "alerts": Entry("platform", "provenance.cli.looking:alerts", "Warnings for you."),
    "webhook": Entry("platform", "provenance.cli.webhook:webhook", "Be told of events by HTTP."),
    "custody": Entry("buyer", "provenance.cli.looking:custody", "The life of one key."),
    "proof": Entry("buyer", "provenance.cli.proof:proof", "Make a proof; verify one offline."),
}
