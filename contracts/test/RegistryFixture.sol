// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProvenanceRegistry} from "../ProvenanceRegistry.sol";
import {BatchManifest} from "../interfaces/IProvenanceRegistry.sol";
import {Checks} from "./Checks.sol";
import {Trees} from "./Trees.sol";
import {vm} from "./Vm.sol";

/// @dev A registry deployed as the service deploys it: by an account used for nothing else, at nonce 0.
abstract contract RegistryFixture is Checks {
    /// @dev The first account of the local testnet.
    address internal constant DEPLOYER = 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266;
    address internal constant REGISTRY = 0x5FbDB2315678afecb367f032d93F642f64180aa3;
    address internal constant ANCHORER = address(0xA11C);
    uint256 internal constant SUPPLIER_KEY = 0x5EED;
    uint256 internal constant NOW = 1_800_000_000;

    ProvenanceRegistry internal registry;

    function setUp() public virtual {
        vm.chainId(31337);
        vm.warp(NOW);
        vm.prank(DEPLOYER);
        registry = new ProvenanceRegistry(ANCHORER);
    }

    function manifestOf(bytes32 root, uint32 size) internal pure returns (BatchManifest memory) {
        return BatchManifest({
            supplier: vm.addr(SUPPLIER_KEY), root: root, size: size, maxUses: 1, expiresAt: 0, details: "details"
        });
    }

    function signed(uint256 key, BatchManifest memory manifest) internal view returns (bytes memory) {
        (, bytes32 digest) = registry.hashManifest(manifest);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function entryOf(uint256 index) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(1), uint8(4), new bytes(114), uint64(index));
    }

    function logOf(uint256 size) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](size);
        for (uint256 i = 0; i < size; ++i) leaves[i] = sha256(bytes.concat(hex"00", entryOf(i)));
    }

    /// @dev Anchors the made-up log's first `size` entries, honestly, from whatever is anchored.
    function anchor(uint64 size) internal {
        bytes32[] memory log = logOf(size);
        uint64 held = registry.latest();
        bytes32[] memory proof = held == 0 ? new bytes32[](0) : Trees.consistency(log, held, size);
        // Hashing is a call too: it comes before the prank, which is for the next call only.
        bytes32 root = Trees.root(log, 0, size);
        vm.prank(ANCHORER);
        registry.anchorCheckpoint(size, root, proof);
    }
}
