"""What holds for all tests: no model hub, no telemetry, and no deadline for examples on a busy machine."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from hypothesis import settings

settings.register_profile("sage", deadline=None)
settings.load_profile("sage")
