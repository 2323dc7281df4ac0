"""The hyperparameter lottery: luck of the draw, of the seed and of the budget, told apart by statistics on plain arrays."""
