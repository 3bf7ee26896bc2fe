"""Whole commands on sheets that are wrong."""

from tests.cli.conftest import folder, make_folder, program

__all__ = ["folder", "make_folder", "program"]
