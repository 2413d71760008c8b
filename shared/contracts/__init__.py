"""Every command, fact and call that crosses a process boundary; knows no framework and no service."""
