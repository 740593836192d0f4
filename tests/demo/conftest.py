"""Fixtures of the browser tests of the app."""

from tests.demo.app_server import app, controls

__all__ = ["app", "controls"]
