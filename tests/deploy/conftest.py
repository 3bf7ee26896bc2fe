"""The program, campaign folders and stand-ins of the API, as the tests of commands have them."""

from tests.cli.conftest import folder, make_folder, program, served, standin

__all__ = ["folder", "make_folder", "program", "served", "standin"]
