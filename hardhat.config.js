import { fileURLToPath } from "node:url";
import { defineConfig } from "hardhat/config";

// The compiler is the npm package pinned in package-lock.json, given by path: nothing is fetched while building.
const compiler = fileURLToPath(import.meta.resolve("solc/soljson.js"));

export default defineConfig({
  solidity: {
    version: "0.8.37",
    path: compiler,
    settings: {
      // Every chain the registry may be deployed on knows these opcodes; later ones are not needed.
      evmVersion: "cancun",
      optimizer: { enabled: true, runs: 10_000 },
      // No hash of the sources in the code: a comment may change without changing what is deployed.
      metadata: { bytecodeHash: "none" },
    },
  },
  paths: {
    sources: "contracts",
    tests: { solidity: "contracts/test" },
    artifacts: "artifacts",
    cache: "cache",
  },
  networks: {
    // What `hardhat node` runs: the local testnet of chain id 31337.
    node: {
      type: "edr-simulated",
      chainType: "l1",
      chainId: 31337,
      hardfork: "osaka",
      // Else each block is at least a second younger than the last, and under load the chain's clock runs ahead.
      allowBlocksWithSameTimestamp: true,
      mining: { auto: true, interval: 0 },
    },
  },
  test: {
    solidity: {
      fsPermissions: { readDirectory: ["tests/vectors"] },
      // Each call from a test is a transaction of its own, so that the gas printed is what a sender pays.
      isolate: true,
      fuzz: { runs: 128, seed: "0x70726f76656e616e6365" },
    },
  },
});
