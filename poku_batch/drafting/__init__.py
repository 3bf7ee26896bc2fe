"""A first campaign for a sheet: which columns are which, and a template to begin with."""
