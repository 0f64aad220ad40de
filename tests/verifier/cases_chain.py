"""Step 7: the registry by state proof and by node, headers and blocks of beacons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import rlp

from provenance.core import stateproof
from provenance.core.digests import keccak256
from provenance.core.proofs import BatchOnChain, Bundle, StateProof
from tests.core.chain_world import Chain, Trie, header, word
from tests.verifier.corpus import Case, dumps
from tests.verifier.golden_cases import READER, bundled
from tests.verifier.world import NETWORK, OTHER_NETWORK, SHOP, START_MS, Batch, T, World, in_shop

NOW = START_MS // 1000
STATE_PROOF = "state_proof_invalid"


def anchored_world(batch: Batch | None = None) -> World:
    """A sale between a BEACON whose header is kept and the checkpoint's anchor."""
    world = in_shop(batch)
    world.beacon(12)
    world.on_key(T.SELL, SHOP, world.batch.party(3))
    world.beacon(13)
    world.on_key(T.DELIVER, SHOP, world.batch.party(3))
    world.seal()
    return world


def anchored(world: World, **more: Any) -> Bundle:
    size = len(world.entries)
    return world.bundle(anchors=((7, NOW + 30), (size, NOW + 60)), **more)


def chain_of(bundle: Bundle) -> Chain:
    return Chain.holding(NETWORK.registry, bundle.batch.manifest, bundle.anchors)


def proven(bundle: Bundle, chain: Chain | None = None) -> Bundle:
    return replace(bundle, state_proof=(chain or chain_of(bundle)).prove_all())


def trusting(bundle: Bundle) -> dict[str, Any]:
    assert bundle.state_proof is not None
    return {"trusted_block_hash": keccak256(bundle.state_proof.header).hex()}


def node_of(chain: Chain, *blocks: bytes, chain_id: int = NETWORK.chain_id) -> dict[str, Any]:
    batches = {
        key.hex(): {"root": row.root.hex(), "size": row.size, "time": row.time}
        for key, row in chain.batches.items()
    }
    checkpoints = {
        str(size): {"root": row.root.hex(), "time": row.time} for size, row in chain.checkpoints.items()
    }
    known = {keccak256(block).hex(): block.hex() for block in blocks}
    return {"chain_id": chain_id, "batches": batches, "checkpoints": checkpoints, "blocks": known}


def cases() -> Iterator[Case]:
    yield from _good()
    yield from _lying_chain()
    yield from _state_proofs()
    yield from _words()
    yield from _headers()
    yield from _nodes()
    yield from _other_registries()


def _good() -> Iterator[Case]:
    world = anchored_world()
    bundle = proven(anchored(world, use=world.batch.use(3)))
    yield bundled("chain-proven", "batch and anchors by state proof", bundle, **trusting(bundle))
    yield bundled("chain-untrusted", "a state proof, and no trusted block", bundle)
    plain = anchored(world)
    yield bundled(
        "chain-no-proof", "a trusted block, and no state proof", plain, trusted_block_hash="11" * 32
    )
    chain = chain_of(bundle)
    node = node_of(chain, *world.headers.values())
    yield bundled("chain-node", "batch, anchors and blocks by a node", plain, node=node)
    yield bundled("chain-both", "by state proof and node", bundle, node=node, **trusting(bundle))
    partly = node_of(chain, *list(world.headers.values())[:1])
    yield bundled("chain-node-forgot", "a node that does not know one of the blocks", plain, node=partly)
    pending = world.bundle()
    yield bundled(
        "chain-node-pending",
        "a node that does not hold the batch yet",
        pending,
        node=node_of(Chain(NETWORK.registry)),
    )


def _lying_chain() -> Iterator[Case]:
    bundle = anchored(anchored_world())
    honest = chain_of(bundle)
    [(batch_id, batch)] = honest.batches.items()
    size = bundle.anchors[0].size
    anchor = honest.checkpoints[size]

    def both(id: str, about: str, chain: Chain) -> Iterator[Case]:
        lying = proven(bundle, chain)
        yield bundled(f"chain-{id}-proven", about + ", by state proof", lying, 7, None, **trusting(lying))
        yield bundled(f"chain-{id}-node", about + ", by a node", bundle, 7, None, node=node_of(chain))

    other = {batch_id: BatchOnChain(b"\x11" * 32, batch.size, batch.time)}
    yield from both("batch-root", "another root of the batch", replace(honest, batches=other))
    other = {batch_id: BatchOnChain(batch.root, batch.size + 1, batch.time)}
    yield from both("batch-size", "another size of the batch", replace(honest, batches=other))
    forked = {**honest.checkpoints, size: anchor._replace(root=b"\x11" * 32)}
    yield from both("anchor-root", "another root at an anchored size", replace(honest, checkpoints=forked))
    missing = {key: row for key, row in honest.checkpoints.items() if key != size}
    gone = replace(honest, checkpoints=missing)
    yield bundled("chain-anchor-gone", "a node without that checkpoint", bundle, 7, None, node=node_of(gone))
    unknown = replace(honest, batches={})
    yield bundled("chain-batch-gone", "a node without the batch", bundle, 7, None, node=node_of(unknown))
    late = Chain.holding(NETWORK.registry, bundle.batch.manifest, bundle.anchors, delay=-5_000)
    yield bundled(
        "bracket-anchor", "entries later than their anchor's block", bundle, 9, None, node=node_of(late)
    )
    edge = Chain.holding(NETWORK.registry, bundle.batch.manifest, bundle.anchors, delay=-140)
    yield bundled("bracket-edge", "entries later than their anchor, inside 120 s", bundle, node=node_of(edge))


def _state_proofs() -> Iterator[Case]:
    bundle = proven(anchored(anchored_world()))
    proof = bundle.state_proof
    assert proof is not None
    trust = trusting(bundle)
    slots = dict(proof.storage)
    first = next(iter(slots))

    def bad(id: str, about: str, changed: StateProof, code: str | None = STATE_PROOF, **reader: Any) -> Case:
        spoilt = replace(bundle, state_proof=changed)
        return bundled(f"proof-{id}", about, spoilt, 7, code, **{**trust, **reader})

    def slot(id: str, about: str, change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]) -> Case:
        changed = {**slots, first: change(slots[first])}
        return bad(f"slot-{id}", about, replace(proof, storage=tuple(changed.items())))

    other = header(78, NOW)
    yield bad("block", "a block that the reader does not trust", proof, None, trusted_block_hash="11" * 32)
    yield bad("header", "another header", replace(proof, header=other), None)
    root = replace(proof, header=header(77, NOW + 1, b"\x11" * 32))
    yield bad(
        "state-root",
        "a trusted block of another state",
        root,
        trusted_block_hash=keccak256(root.header).hex(),
    )
    yield bad(
        "header-cut", "a header cut short", replace(proof, header=proof.header[:-1]), "header_malformed"
    )
    yield bad("header-bytes", "a header that is no list", replace(proof, header=b"\x80"), "header_malformed")
    yield bad("account-empty", "no account nodes", replace(proof, account=()))
    yield bad("account-short", "an account node missing", replace(proof, account=proof.account[:-1]))
    yield bad(
        "account-long",
        "an account node too many",
        replace(proof, account=(*proof.account, proof.account[-1])),
    )
    yield bad("account-order", "account nodes upside down", replace(proof, account=proof.account[::-1]))
    yield bad(
        "account-flipped",
        "one bit of an account node",
        replace(proof, account=(*proof.account[:-1], _flip(proof.account[-1]))),
    )
    yield slot("empty", "no nodes for a slot", lambda nodes: ())
    yield slot("short", "a storage node missing", lambda nodes: nodes[:-1])
    yield slot("long", "a storage node too many", lambda nodes: (*nodes, nodes[-1]))
    yield slot("flipped", "one bit of a storage node", lambda nodes: (*nodes[:-1], _flip(nodes[-1])))
    yield slot("swapped", "the nodes of another slot", lambda nodes: slots[list(slots)[1]])
    fewer = tuple((name, nodes) for name, nodes in proof.storage if name != first)
    yield bad("slot-missing", "a slot of the batch left out", replace(proof, storage=fewer))
    extra = chain_of(bundle).prove([bytes(31) + b"\x02"]).storage
    yield bad(
        "slot-extra",
        "a slot that is neither the batch's nor an anchor's",
        replace(proof, storage=(*proof.storage, *extra)),
        None,
    )
    elsewhere = replace(chain_of(bundle), registry=b"\x22" * 20)
    yield bad(
        "registry",
        "the same slots of another contract",
        elsewhere.prove_all(),
        trusted_block_hash=keccak256(elsewhere.prove_all().header).hex(),
    )


def _words() -> Iterator[Case]:
    """What stands in a storage slot is 1 to 32 bytes without leading zeros."""
    bundle = anchored(anchored_world())
    slots = chain_of(bundle).storage()
    _, second = stateproof.batch_slots(bundle.batch.manifest.batch_id)
    for id, about, value in (
        ("word-zeros", "a storage word with a leading zero", rlp.encode(slots[second].to_bytes(32))),
        ("word-empty", "an empty storage word", rlp.encode(b"")),
        ("word-33", "a storage word of 33 bytes", rlp.encode(b"\x11" * 33)),
        ("word-list", "a list instead of a storage word", rlp.encode([b"\x11"])),
    ):
        lying = replace(bundle, state_proof=_proof_with(bundle, second, value))
        yield bundled(f"proof-{id}", about, lying, 7, STATE_PROOF, **trusting(lying))


def _proof_with(bundle: Bundle, slot: bytes, value: bytes) -> StateProof:
    """The state proof of a chain that holds *value*, RLP or not, in *slot*."""
    slots = chain_of(bundle).storage()
    words = {keccak256(name): value if name == slot else word(number) for name, number in slots.items()}
    storage = Trie(words)
    account = keccak256(NETWORK.registry)
    accounts = Trie({account: rlp.encode([1, 0, storage.root, bytes(32)]), keccak256(b""): rlp.encode([0])})
    wanted = stateproof.batch_slots(bundle.batch.manifest.batch_id)
    proofs = tuple((name, storage.prove(keccak256(name))) for name in wanted)
    return StateProof(header(77, NOW, accounts.root), accounts.prove(account), proofs)


def _headers() -> Iterator[Case]:
    world = anchored_world()
    bundle = anchored(world)
    one, two = bundle.beacons

    def shown(id: str, about: str, raw: bytes, code: str | None = None) -> Case:
        changed = replace(bundle, beacons=(replace(one, header=raw), two))
        return bundled(f"beacon-{id}", about, changed, 7, code)

    assert one.header is not None and two.header is not None
    bare = replace(bundle, beacons=(replace(one, header=None), two))
    yield bundled("beacon-bare", "a BEACON without header", bare)
    yield bundled("beacon-none", "no BEACON", replace(bundle, beacons=()))
    yield shown("other", "the header of another block", two.header)
    yield shown("empty", "an empty header", b"", "header_malformed")
    yield shown("tail", "a byte behind the header", one.header + b"\0", "header_malformed")
    items: list[Any] = rlp.decode(one.header)  # type: ignore[assignment]
    yield shown("short", "a header of 14 items", rlp.encode(items[:14]), "header_malformed")
    yield shown("long-form", "a length in long form", b"\xfa\x00" + one.header[1:], "header_malformed")
    yield shown(
        "zeros",
        "a number with a leading zero",
        rlp.encode([*items[:8], b"\0\x0c", *items[9:]]),
        "header_malformed",
    )
    yield shown("deep", "lists nested 20 deep", _nested(20), "header_malformed")
    short: list[bytes] = [b"\1"] * 14 + [b"\1" * 7]
    short[3] = b"\4" * 32
    payload = b"".join(rlp.encode(item) for item in short)
    assert len(payload) <= 55
    longer = rlp.encode([*short[:14], b"\1" * (62 - len(payload))])
    assert longer[0] == 0xF7
    yield shown(
        "long-length",
        "a short length in long form",
        b"\xf8" + bytes([len(longer) - 1]) + longer[1:],
        "header_malformed",
    )
    big = rlp.encode([*items[:12], bytes(70_000), *items[13:]])
    value = replace(bundle, beacons=(replace(one, header=b"\xab\xcd" * 9), two)).to_json()
    before, after = _canonical(value).split((b"\xab\xcd" * 9).hex())
    start, _, end = big.hex().partition("00" * 70_000)
    parts = [[before + start, 1], ["00", 70_000], [end + after, 1]]
    yield Case(
        "beacon-64-kib", "a header of 70,000 bytes", {"pieces": parts}, 7, "header_malformed", dict(READER)
    )
    placed = replace(bundle, beacons=(bundle.custody[0],))
    value = placed.to_json()
    value["beacons"][0] = {**{k: v for k, v in value["beacons"][0].items() if k != "details"}, "header": None}
    yield Case(
        "beacon-type", "a custody entry among the beacons", {"bundle": _canonical(value)}, 7, None, _reader()
    )
    number = in_shop()
    block = header(99, number.clock // 1000)
    number.beacon(12)
    wrong = replace(number.entries[-1], subject=keccak256(block))
    number.entries[-1] = wrong
    number.headers[len(number.entries) - 1] = block
    yield bundled("beacon-number", "a BEACON that names another number than its block's", number.bundle(), 7)
    early = in_shop()
    early.beacon(12, NOW + 3_600)
    early.on_key(T.SELL, SHOP, early.batch.party(3))
    yield bundled("bracket-beacon", "an entry an hour before the block it comes after", early.bundle(), 9)
    edge = in_shop()
    edge.beacon(12, edge.clock // 1000 + 119)
    edge.on_key(T.SELL, SHOP, edge.batch.party(3))
    yield bundled("bracket-beacon-edge", "an entry 119 s before the block it comes after", edge.bundle())
    hidden = in_shop()
    hidden.beacon(12, NOW + 3_600, shown=False)
    hidden.on_key(T.SELL, SHOP, hidden.batch.party(3))
    yield bundled("bracket-unknown", "a block whose time nobody knows", hidden.bundle())


def _nodes() -> Iterator[Case]:
    world = anchored_world()
    bundle = anchored(world)
    chain = chain_of(bundle)
    yield bundled(
        "node-chain", "a node of another chain", bundle, 7, "chain_mismatch", node=node_of(chain, chain_id=1)
    )
    block = next(iter(world.headers.values()))
    lying = node_of(chain)
    lying["blocks"] = {keccak256(block).hex(): header(12, NOW + 1).hex()}
    yield bundled("node-block", "a node that gives another block for a hash", bundle, 7, None, node=lying)


def _other_registries() -> Iterator[Case]:
    """A batch signed for an earlier deployment, in a log anchored in this one (FORMATS §10, step 7)."""
    world = anchored_world(Batch(domain=OTHER_NETWORK))
    bundle = anchored(world)
    chain = chain_of(bundle)
    node = node_of(replace(chain, batches={}))
    told = {"chain_id": OTHER_NETWORK.chain_id, "registry": "0x" + OTHER_NETWORK.registry.hex()}
    there = node_of(chain, chain_id=OTHER_NETWORK.chain_id)
    yield bundled("domain-unnamed", "signed for a registry that the reader did not name", bundle, node=node)
    others = [{"domain": told, "node": there}]
    yield bundled(
        "domain-named",
        "signed for an earlier registry that the reader trusts",
        bundle,
        node=node,
        other_nodes=others,
    )
    others = [{"domain": told, "node": node_of(chain)}]
    yield bundled(
        "domain-chain",
        "the node of that registry is on another chain",
        bundle,
        7,
        "chain_mismatch",
        node=node,
        other_nodes=others,
    )
    others = [{"domain": told, "node": {**there, "batches": {}}}]
    yield bundled(
        "domain-gone", "that registry does not hold the batch", bundle, 7, None, node=node, other_nodes=others
    )


def _nested(depth: int) -> bytes:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return bytes(rlp.encode(value))


def _flip(node: bytes) -> bytes:
    return node[:-1] + bytes([node[-1] ^ 1])


def _canonical(value: Any) -> str:
    return dumps(value).decode()


def _reader() -> dict[str, Any]:
    return dict(READER)
