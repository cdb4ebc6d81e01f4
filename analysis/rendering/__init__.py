"""Appearance of a report: tables, figures and pages in HTML, LaTeX and CSV."""
