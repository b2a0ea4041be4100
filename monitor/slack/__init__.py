"""The only place that knows Slack: its client, what its answers mean, and how our messages look there."""

from monitor.slack.client import SlackOutlet

__all__ = ["SlackOutlet"]
