"""What is remembered: event log, journal, projections, feed, migrations, embedded Postgres."""
