"""Networks on microcontrollers: what has to be in memory at once, what has to be in flash, and how long a picture takes."""
