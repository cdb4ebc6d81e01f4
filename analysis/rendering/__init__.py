"""Tables, figures and pages: how a report looks, in HTML, LaTeX and CSV."""
