"""The mention monitor: watches, judges, keeps the clock, tells the team."""
