"""Statistics on plain arrays: no store, no study, no figures."""
