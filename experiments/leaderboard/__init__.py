"""The leaderboard: frozen suites of tasks, submissions as folders of runs, and their verification. Nothing in a submission
is executed or unpickled: it is JSON and Parquet, and both are bounded before they are read."""
