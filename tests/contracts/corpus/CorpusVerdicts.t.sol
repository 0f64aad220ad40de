// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Case, CorpusJudge} from "./CorpusJudge.sol";
import {say} from "./CorpusVm.sol";
import {vm} from "./Vm.sol";

/// @dev Prints a verdict for each line of corpus.abi (hex of an encoded case); whoever started this compares.
contract CorpusVerdicts is CorpusJudge {
    function testEveryCaseGetsAVerdict() public {
        string memory file = vectors("corpus.abi");
        uint256 count = 0;
        for (string memory line = vm.readLine(file); bytes(line).length != 0; line = vm.readLine(file)) {
            // A call of its own for each case gives its memory back.
            this.report(line);
            ++count;
        }
        check(count != 0, "a case");
    }

    function report(string calldata line) external {
        Case memory asked = abi.decode(vm.parseBytes(line), (Case));
        (uint256 step, bytes4 why) = judge(asked);
        say(string.concat("verdict ", asked.id, " ", vm.toString(step), " ", vm.toString(uint32(why))));
    }
}
