// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IWarrantyEscrow} from "../interfaces/IWarrantyEscrow.sol";

/// @dev As the standard has it; anyone mints.
contract PlainToken is ERC20 {
    constructor() ERC20("Plain", "PLN") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @dev Takes a hundredth of every transfer between accounts, once that is switched on: from what the receiver gets,
/// or on top from what the sender has.
contract FeeToken is ERC20 {
    bool public fromReceiver = true;
    bool public fromSender;

    constructor() ERC20("Fee", "FEE") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function take(bool fromReceiver_, bool fromSender_) external {
        (fromReceiver, fromSender) = (fromReceiver_, fromSender_);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from == address(0) || to == address(0)) return;
        if (fromReceiver) super._update(to, address(0), value / 100);
        if (fromSender) super._update(from, address(0), value / 100);
    }
}

/// @dev Like the oldest large tokens: transfers return nothing.
contract SilentToken {
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @dev Says no by its return value instead of reverting.
contract RefusingToken {
    function balanceOf(address) external pure returns (uint256) {
        return 0;
    }

    function transferFrom(address, address, uint256) external pure returns (bool) {
        return false;
    }
}

/// @dev Calls its target in the middle of every transfer and keeps what it answered.
contract ReentrantToken is ERC20 {
    address private target;
    bytes private message;
    bool public called;
    bool public succeeded;
    bytes public answer;

    constructor() ERC20("Reentrant", "REE") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function callBack(address target_, bytes calldata message_) external {
        (target, message) = (target_, message_);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from != address(0) && target != address(0)) {
            called = true;
            (succeeded, answer) = target.call(message);
        }
        super._update(from, to, value);
    }
}

/// @dev A receiver of ether that asks for it again while it is being paid.
contract GreedyReceiver {
    IWarrantyEscrow private immutable ESCROW;
    bool public succeeded;
    bytes public answer;

    constructor(IWarrantyEscrow escrow) payable {
        ESCROW = escrow;
    }

    function post(uint256 amount) external {
        ESCROW.postBond{value: amount}(address(this), address(0), amount);
    }

    function release(uint256 amount) external {
        ESCROW.releaseBond(address(0), amount);
    }

    function withdraw() external {
        ESCROW.withdraw(address(0), address(this));
    }

    receive() external payable {
        (succeeded, answer) =
            address(ESCROW).call(abi.encodeCall(IWarrantyEscrow.withdraw, (address(0), address(this))));
    }
}
