"""Networks and the hardware that runs them, chosen together: sub-accelerators of several dataflows, and microcontrollers."""
