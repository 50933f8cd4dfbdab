"""Templates as a platform team keeps them: versions, terms of use, statistics, and what was made from them."""
