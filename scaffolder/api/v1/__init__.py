"""The scaffolder's own API, beside the contract's: what Greenroom has and Backstage has not."""
