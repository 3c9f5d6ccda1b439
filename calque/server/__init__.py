"""HTTP: the APIs that tools already speak, the queue behind them, and the page."""
