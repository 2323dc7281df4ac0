"""Our own table of networks out of inverted residual blocks: resolution, width, and depth, kernel and expansion per stage."""
