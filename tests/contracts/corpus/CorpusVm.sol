// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

/// @dev More cheat codes, for tests that put a registry and what it holds where a case wants them.
interface Stage {
    function etch(address target, bytes calldata code) external;
    function store(address target, bytes32 slot, bytes32 value) external;
}

Stage constant stage = Stage(address(vm));

/// @dev Prints a line. Nothing lies at the address: the test runner listens to the call itself.
function say(string memory text) view {
    address console = 0x000000000000000000636F6e736F6c652e6c6f67;
    (bool heard,) = console.staticcall(abi.encodeWithSignature("log(string)", text));
    assert(heard);
}
