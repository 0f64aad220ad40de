"""The escrow of the third-party tier: offers, what the chain tells of deposits, and a keeper who acts on it.

The money is in the contract and nothing here can move it but as the contract allows. What is read from
the chain is believed at the depth that anchors are, and forgotten when the chain is another.
"""
