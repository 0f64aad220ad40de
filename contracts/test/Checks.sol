// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

/// @dev What a test says when something is not as promised.
abstract contract Checks {
    error NotEqual(string what, bytes32 is_, bytes32 should);
    error NotTrue(string what);

    function check(bool condition, string memory what) internal pure {
        if (!condition) revert NotTrue(what);
    }

    function equal(bytes32 is_, bytes32 should, string memory what) internal pure {
        if (is_ != should) revert NotEqual(what, is_, should);
    }

    function equal(uint256 is_, uint256 should, string memory what) internal pure {
        equal(bytes32(is_), bytes32(should), what);
    }

    function equal(address is_, address should, string memory what) internal pure {
        equal(uint256(uint160(is_)), uint256(uint160(should)), what);
    }

    /// @dev Storage word `offset` of the value of `key` in the mapping at `slot`.
    function mappingWord(address target, bytes32 key, uint256 slot, uint256 offset) internal view returns (bytes32) {
        return vm.load(target, bytes32(uint256(keccak256(abi.encode(key, slot))) + offset));
    }

    /// @dev A vector file's text, by its name.
    function vectors(string memory name) internal view returns (string memory) {
        return string.concat(vm.projectRoot(), "/tests/vectors/", name);
    }
}
