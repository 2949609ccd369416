"""Reading product pages (docs/page-reading.md). Hostile HTML goes through here in a worker process only."""
