"""Starting Ray or joining a cluster, with a time limit, a usable folder and the authentication token."""
