"""Helpers that know nothing of studies: errors, fields, files, hashes, locks, memory."""
