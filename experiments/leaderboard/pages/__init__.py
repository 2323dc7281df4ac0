"""The pages of the leaderboard's site: each module makes one kind of page, as text."""
