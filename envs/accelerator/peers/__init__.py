"""The models beside other tools that search or price mappings in their own way: rank correlation, and why they differ."""
