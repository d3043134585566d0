"""Where bytes are: workspace, cache, remote, and registries named by URL."""
