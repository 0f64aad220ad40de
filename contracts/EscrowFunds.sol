// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {IWarrantyEscrow} from "./interfaces/IWarrantyEscrow.sol";

/// @title The escrow's purse: bonds, credits, and the two doors through which money comes and goes
/// @dev Both doors stand behind one lock, which every function that writes shares: a token or a receiver that calls
/// back finds all of them shut. Books are written before money moves, and what moved is compared with them.
abstract contract EscrowFunds is IWarrantyEscrow, ReentrancyGuard {
    using SafeERC20 for IERC20;

    /// @dev Stands where a token's address would, for ether.
    address internal constant ETHER = address(0);

    /// @inheritdoc IWarrantyEscrow
    mapping(address account => mapping(address token => uint256)) public override credits;
    /// @inheritdoc IWarrantyEscrow
    mapping(address platform => mapping(address token => uint256)) public override bonds;

    /// @inheritdoc IWarrantyEscrow
    function postBond(address platform, address token, uint256 amount) external payable override nonReentrant {
        if (platform == address(0)) revert RoleMissing("platform");
        if (amount == 0) revert InvalidAmount(amount);
        bonds[platform][token] += amount;
        emit BondPosted(platform, token, amount);
        collect(token, amount);
    }

    /// @inheritdoc IWarrantyEscrow
    function releaseBond(address token, uint256 amount) external override nonReentrant {
        if (amount == 0) revert InvalidAmount(amount);
        holdBond(msg.sender, token, amount);
        credits[msg.sender][token] += amount;
        emit BondReleased(msg.sender, token, amount);
    }

    /// @inheritdoc IWarrantyEscrow
    function withdraw(address token, address to) external override nonReentrant returns (uint256 amount) {
        if (to == address(0)) revert RoleMissing("to");
        amount = credits[msg.sender][token];
        if (amount == 0) revert NothingOwed(msg.sender, token);
        credits[msg.sender][token] = 0;
        emit Withdrawn(msg.sender, token, to, amount);
        send(token, to, amount);
    }

    /// @dev Takes `amount` out of the free bond; it is the caller's to say where it goes.
    function holdBond(address platform, address token, uint256 amount) internal {
        uint256 free = bonds[platform][token];
        if (free < amount) revert BondTooSmall(free, amount);
        bonds[platform][token] = free - amount;
    }

    /// @dev The way in. What was to come is in the books already: anything but exactly that undoes it all.
    function collect(address token, uint256 amount) internal {
        if (token == ETHER) {
            if (msg.value != amount) revert ValueMismatch(msg.value, amount);
            return;
        }
        if (msg.value != 0) revert ValueMismatch(msg.value, 0);
        if (token.code.length == 0) revert NotAToken(token);
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        if (received != amount) revert AmountNotReceived(received, amount);
    }

    /// @dev The way out. A token that took more than was sent would pay its fee with other people's deposits.
    function send(address token, address to, uint256 amount) private {
        if (token == ETHER) {
            (bool taken,) = to.call{value: amount}("");
            if (!taken) revert TransferFailed(to, amount);
            return;
        }
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransfer(to, amount);
        uint256 sent = before - IERC20(token).balanceOf(address(this));
        if (sent != amount) revert AmountNotSent(sent, amount);
    }
}
