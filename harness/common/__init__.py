"""Helpers that do not depend on studies: errors, fields, files, hashes, locks, memory."""
