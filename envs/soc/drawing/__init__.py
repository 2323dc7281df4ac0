"""Pictures of a system-on-chip: its blocks and buses, and what runs when."""
