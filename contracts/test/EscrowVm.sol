// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

/// @dev More cheat codes, for tests that move money.
interface Purse {
    function deal(address account, uint256 balance) external;
    function expectRevert(bytes4 selector) external;
}

Purse constant purse = Purse(address(vm));
