"""The protocols: one YAML file each, complete for every space it names."""
