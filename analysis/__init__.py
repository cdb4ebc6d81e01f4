"""From a store's records to tables, figures and a report. Imports neither torch nor Ray."""
